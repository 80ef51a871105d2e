import { type Cancel, type Clock, type Log, silentLog, systemClock, within } from '@halfmq/remoting';
import { type Duration, parseDuration } from '../duration.js';
import { InvalidOption } from '../errors.js';
import type { BodyCheck, WhenUnreachable } from '../transaction/callback.js';
import type { HalfMessages } from '../transaction/half-messages.js';
import { Transactions } from '../transaction/transactions.js';
import { type Connection, type ConnectionPool, lent } from './connection.js';
import type { Dialect } from './dialect.js';
import { missingTables } from './migration.js';
import { prune, type PruneOptions, startPruning } from './prune.js';
import { SqlBarrier } from './sql-barrier.js';

/** What all adapters can be told. */
export interface SqlTransactionsOptions {
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
  /** what becomes of a transaction whose messages no broker can store now; 'fail' unless told */
  readonly whenUnreachable?: WhenUnreachable | undefined;
}

/** The database behind an adapter. */
export interface Database<Manager> {
  readonly pool: ConnectionPool<Manager>;
  readonly dialect: Dialect;
}

const DRAIN_TIMEOUT_MS = 30_000;

/** Retention (72 h) and all of RocketMQ's retries (4 h 46 min) together: so late can a message come again by itself. */
const LATEST_REDELIVERY_MS = 77 * 3_600_000;

/** `Transactions` in an SQL database, and the inbox that makes handling a message a part of one. */
export class SqlTransactions<Manager> extends Transactions<Manager> {
  /** the barrier itself */
  readonly rows: SqlBarrier<Manager>;
  private readonly settings: PruneOptions;
  private stopPruning: Cancel = () => undefined;

  /** @throws InvalidOption when a duration is none, or an outbox is wanted where there is none */
  constructor(
    database: Database<Manager>,
    private readonly options: SqlTransactionsOptions,
  ) {
    const { clock = systemClock, log = silentLog, halves, checkBody, whenUnreachable } = options;
    const barrierMs = duration('keepBarrier', options.keepBarrier);
    const inboxMs = duration('keepInbox', options.keepInbox);
    const rows = new SqlBarrier({ ...database, clock, log, horizonMs: barrierMs });
    super({ barrier: rows, halves, log, clock, checkBody, whenUnreachable });
    this.rows = rows;
    this.settings = { ...database, clock, log, barrierMs, inboxMs };
  }

  /**
   * Makes the tables, unless `createTables` is false, and begins to prune them and to relay the outbox. Checks that come before are answered
   * with "unknown".
   * @throws InvalidOption when the tables are missing, with the SQL that makes them; when the database is too old
   */
  async start(): Promise<void> {
    const { pool, log, inboxMs } = this.settings;
    if (inboxMs < LATEST_REDELIVERY_MS) {
      log.warn(
        'keepInbox is shorter than retention and retries together: a late redelivery is handled again',
        {
          keepInboxMs: inboxMs,
          latestRedeliveryMs: LATEST_REDELIVERY_MS,
        },
      );
    }
    await lent(pool, (connection) => this.prepareDatabase(connection));
    await this.rows.start();
    this.stopPruning = startPruning(this.settings);
    this.startRelay();
  }

  /**
   * Prunes no more and waits for runs under way, 30 s at most, so that the database and the client outlive them. Runs
   * may still begin.
   */
  async close(): Promise<void> {
    const { clock, log } = this.settings;
    this.stopPruning();
    await this.stopRelay();
    const ended = await within(clock, DRAIN_TIMEOUT_MS, this.settled());
    if (!ended) log.error('transactions did not end: the brokers will ask what became of them');
  }

  /** One round of what happens by itself every minute: deletes at most some thousand rows nobody will ask for. */
  async prune(): Promise<void> {
    await prune(this.settings);
  }

  private async prepareDatabase(connection: Connection): Promise<void> {
    const { dialect } = this.settings;
    await dialect.mustSuffice(connection);
    if (!(this.options.createTables ?? true)) return;
    const missing = await dialect.missing(connection);
    try {
      await dialect.create(connection);
    } catch (error) {
      throw missingTables(dialect, missing, (error as Error).message);
    }
  }
}

function duration(option: string, value: Duration = '7d'): number {
  try {
    return parseDuration(value);
  } catch (error) {
    throw new InvalidOption(`${option}: ${(error as Error).message}`);
  }
}
