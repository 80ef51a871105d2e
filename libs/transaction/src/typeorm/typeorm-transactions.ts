import { type Cancel, type Clock, type Log, silentLog, systemClock } from '@halfmq/remoting';
import type { DataSource, EntityManager } from 'typeorm';
import { type Duration, parseDuration } from '../duration.js';
import { InvalidOption } from '../errors.js';
import type { ReceivedMessage } from '../message.js';
import type { HalfMessages } from '../transaction/half-messages.js';
import {
  type BodyCheck,
  type RunOptions,
  type TransactionCallback,
  Transactions,
} from '../transaction/transactions.js';
import { within } from '../within.js';
import { type PruneOptions, startPruning } from './prune.js';
import { createBarrierTables, type Tables, tablesOf } from './tables.js';
import { TypeOrmBarrier } from './typeorm-barrier.js';

export interface TypeOrmTransactionsOptions {
  /** PostgreSQL; initialized before `start` */
  readonly dataSource: DataSource;
  /** where half messages go: a TransactionProducer whose `check` is this object's `check` */
  readonly halves: HalfMessages;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
  /** make missing tables at start (unless told: yes) */
  readonly createTables?: boolean | undefined;
  /** how long a transaction can be asked about; 7 days unless told */
  readonly keepBarrier?: Duration | undefined;
  /** how long a message is known as handled; 7 days unless told */
  readonly keepInbox?: Duration | undefined;
  readonly checkBody?: BodyCheck | undefined;
}

/** A message that is being handled by a consumer group. */
export interface Delivery {
  readonly group: string;
  readonly message: ReceivedMessage;
}

const DRAIN_TIMEOUT_MS = 30_000;

/** An operator's replay of a message that was handled before: handled once more for each value. */
const REPLAY = 'HALFMQ_REPLAY';

/** Retention (72 h) and all of RocketMQ's retries (4 h 46 min) together: so late can a message come again by itself. */
const LATEST_REDELIVERY_MS = 77 * 3_600_000;

/**
 * `Transactions` on a TypeORM data source, and the inbox that makes handling a message a part of one.
 *
 *     const producer = client.transactionProducer({ group, topics: ['*'], check: (m) => transactions.check(m) });
 *     const transactions = new TypeOrmTransactions({ dataSource, halves: producer });
 *     await transactions.start();
 */
export class TypeOrmTransactions extends Transactions<EntityManager> {
  private readonly settings: PruneOptions;
  private readonly rows: TypeOrmBarrier;
  private readonly tables: Tables;
  private stopPruning: Cancel = () => undefined;

  /** @throws InvalidOption when the data source is not PostgreSQL, or a duration is none */
  constructor(private readonly options: TypeOrmTransactionsOptions) {
    const settled = settle(options);
    const rows = new TypeOrmBarrier({ ...settled, horizonMs: settled.barrierMs });
    super(rows, options.halves, settled.log, options.checkBody);
    this.settings = settled;
    this.rows = rows;
    this.tables = tablesOf(options.dataSource);
  }

  /**
   * Makes the tables, unless `createTables` is false, and begins to prune them. Checks that come before are answered
   * with "unknown".
   * @throws InvalidOption when the tables are missing
   */
  async start(): Promise<void> {
    const { log, inboxMs, dataSource } = this.settings;
    if (inboxMs < LATEST_REDELIVERY_MS) {
      log.warn(
        'keepInbox is shorter than retention and retries together: a late redelivery is handled again',
        {
          keepInboxMs: inboxMs,
          latestRedeliveryMs: LATEST_REDELIVERY_MS,
        },
      );
    }
    if (this.options.createTables ?? true) await createBarrierTables(dataSource);
    await this.rows.start();
    this.stopPruning = startPruning(this.settings);
  }

  /**
   * Prunes no more and waits for runs under way, 30 s at most, so that the database and the client outlive them. Runs
   * may still begin.
   */
  async close(): Promise<void> {
    const { clock, log } = this.settings;
    this.stopPruning();
    const ended = await within(clock, DRAIN_TIMEOUT_MS, this.settled());
    if (!ended) log.error('transactions did not end: the brokers will ask what became of them');
  }

  /**
   * `run` for a message a group is handling: the callback's writes, the messages it sends and the mark that this
   * message was handled commit together, so that a second delivery changes nothing.
   * @returns false when the message was handled before; the callback did not run then
   */
  async once(
    delivery: Delivery,
    callback: TransactionCallback<EntityManager, unknown>,
    options: RunOptions = {},
  ): Promise<boolean> {
    return this.run(async (manager, send, transaction) => {
      const first = await this.mark(manager, delivery);
      if (first) await callback(manager, send, transaction);
      return first;
    }, options);
  }

  /** Waits while another consumer is handling the same message, and then sees how that ended. */
  private async mark(manager: EntityManager, { group, message }: Delivery): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `INSERT INTO ${this.tables.inbox} (consumer_group, topic, unique_key, replay) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING RETURNING true`,
      [group, message.topic, message.messageId, message.properties.get(REPLAY) ?? ''],
    );
    return rows.length > 0;
  }
}

function settle(options: TypeOrmTransactionsOptions): PruneOptions {
  const { dataSource, clock = systemClock, log = silentLog, keepBarrier = '7d', keepInbox = '7d' } = options;
  const barrierMs = kept('keepBarrier', keepBarrier);
  const inboxMs = kept('keepInbox', keepInbox);
  return { dataSource, clock, log, barrierMs, inboxMs };
}

function kept(option: string, duration: Duration): number {
  try {
    return parseDuration(duration);
  } catch (error) {
    throw new InvalidOption(`${option}: ${(error as Error).message}`);
  }
}
