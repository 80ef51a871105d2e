import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { type ConnectionPool, lent } from './connection.js';
import type { Dialect, Prunable } from './dialect.js';

const EVERY_MS = 60_000;
/** After a round that has left some: ten thousand rows a second are more than any process makes. */
const AGAIN_MS = 1_000;
/** A round deletes at most this many times BATCH rows of a table: pruning never holds the database up. */
const BATCHES = 10;
const BATCH = 1_000;
/** Rows outlive their horizon by this much, so that a check at the horizon's edge never meets a pruned row. */
const MARGIN_MS = 3_600_000;

export interface PruneOptions {
  readonly pool: ConnectionPool;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly log: Log;
  readonly barrierMs: number;
  readonly inboxMs: number;
}

/** Deletes rows nobody will ask for any more, a little at a time, until cancelled. */
export function startPruning(options: PruneOptions): Cancel {
  const { clock, log } = options;
  let stopped = false;
  let cancel: Cancel = () => undefined;
  const arm = (ms: number): void => {
    if (!stopped) cancel = clock.after(ms, () => void round(), true);
  };
  const round = async (): Promise<void> => {
    let more = false;
    try {
      more = await prune(options);
    } catch (error) {
      log.warn('rows of halfmq_barrier and halfmq_inbox were not pruned', { error });
    }
    arm(more ? AGAIN_MS : EVERY_MS);
  };
  arm(EVERY_MS);
  return () => {
    stopped = true;
    cancel();
  };
}

/**
 * One round. Several processes may prune at once: each passes over rows another one is deleting.
 * @returns whether more is left
 */
export async function prune({ barrierMs, inboxMs, ...options }: PruneOptions): Promise<boolean> {
  const barrierIsLong = await pruneTable(options, 'barrier', barrierMs + MARGIN_MS);
  const inboxIsLong = await pruneTable(options, 'inbox', inboxMs + MARGIN_MS);
  return barrierIsLong || inboxIsLong;
}

/** Each batch is a transaction and a loan of its own: nobody waits for more than one. */
async function pruneTable(
  { pool, dialect }: Pick<PruneOptions, 'pool' | 'dialect'>,
  table: Prunable,
  olderThanMs: number,
): Promise<boolean> {
  for (let batch = 0; batch < BATCHES; batch++) {
    const deleted = await lent(pool, (connection) => dialect.prune(connection, table, olderThanMs, BATCH));
    if (deleted < BATCH) return false;
  }
  return true;
}
