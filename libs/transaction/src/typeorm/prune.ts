import { type Cancel, type Clock, every, type Log } from '@halfmq/remoting';
import type { DataSource } from 'typeorm';
import { tablesOf } from './tables.js';

const EVERY_MS = 60_000;
/** A round deletes at most this many times BATCH rows of a table: pruning never holds the database up. */
const BATCHES = 10;
const BATCH = 1_000;
/** Rows outlive their horizon by this much, so that a check at the horizon's edge never meets a pruned row. */
const MARGIN_MS = 3_600_000;

export interface PruneOptions {
  readonly dataSource: DataSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly barrierMs: number;
  readonly inboxMs: number;
}

/** Deletes rows nobody will ask for any more, a little every minute, until cancelled. */
export function startPruning(options: PruneOptions): Cancel {
  return every(
    options.clock,
    EVERY_MS,
    () => prune(options),
    (error) => options.log.warn('rows of halfmq_barrier and halfmq_inbox were not pruned', { error }),
  );
}

/** One round. Several processes may prune at once: each skips rows another one is deleting. */
export async function prune({ dataSource, barrierMs, inboxMs }: PruneOptions): Promise<void> {
  const { barrier, inbox } = tablesOf(dataSource);
  await pruneTable(dataSource, barrier, barrierMs + MARGIN_MS);
  await pruneTable(dataSource, inbox, inboxMs + MARGIN_MS);
}

async function pruneTable(dataSource: DataSource, table: string, olderThanMs: number): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch++) {
    // TypeORM answers a DELETE with [rows, number of rows]
    const [, deleted] = await dataSource.query<[unknown, number]>(
      `DELETE FROM ${table} WHERE ctid IN (
         SELECT ctid FROM ${table} WHERE created_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [olderThanMs, BATCH],
    );
    if (deleted < BATCH) return;
  }
}
