import type { Clock, Log } from '@halfmq/remoting';
import { InvalidOption } from '../errors.js';
import { TransactionState } from '../message.js';
import type {
  Barrier,
  BarrierPreview,
  BarrierStamp,
  BarrierState,
  OpenTransaction,
} from '../transaction/barrier.js';
import { CheckConnections } from './check-connections.js';
import { type Connection, type ConnectionPool, lent } from './connection.js';
import { DatabaseClock } from './database-clock.js';
import type { Dialect } from './dialect.js';
import { missingTables } from './migration.js';
import { SqlTransaction } from './sql-transaction.js';

export interface SqlBarrierOptions<Manager> {
  readonly pool: ConnectionPool<Manager>;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly log: Log;
  /** transactions older than this are not decided any more: their row may have been pruned */
  readonly horizonMs: number;
}

const ANSWER: Readonly<Record<BarrierState, TransactionState>> = {
  committed: TransactionState.Commit,
  rolled_back: TransactionState.Rollback,
};

/** The barrier in an SQL database: a row of `halfmq_barrier`, inserted by the transaction, or by the check. */
export class SqlBarrier<Manager> implements Barrier<Manager> {
  private readonly connections: CheckConnections;
  private readonly clock: DatabaseClock;
  private source: string | undefined;

  constructor(private readonly options: SqlBarrierOptions<Manager>) {
    this.connections = new CheckConnections(options.pool, options.clock);
    this.clock = new DatabaseClock(options.clock);
  }

  get keepsOutbox(): boolean {
    return this.options.dialect.outbox !== undefined;
  }

  /** @throws InvalidOption when tables are missing; the message has the SQL that makes them */
  async start(): Promise<void> {
    const { pool, dialect } = this.options;
    this.source = await lent(pool, async (connection) => {
      const missing = await dialect.missing(connection);
      if (missing.length > 0) throw missingTables(dialect, missing);
      return dialect.source(connection);
    });
  }

  async begin(isolation?: string): Promise<OpenTransaction<Manager>> {
    const {
      clock,
      source,
      options: { pool, dialect },
    } = this;
    if (source === undefined) {
      throw new InvalidOption('transactions were not started: call start() and wait for it first');
    }
    return SqlTransaction.begin(pool, { dialect, source, clock }, isolation);
  }

  worthAnotherAttempt(error: unknown): boolean {
    return this.options.dialect.worthAnotherAttempt(error);
  }

  async decide(stamp: BarrierStamp): Promise<TransactionState> {
    const { dialect, horizonMs } = this.options;
    const state = await this.asked(stamp, (connection) => dialect.decide(connection, stamp, horizonMs));
    return state ? ANSWER[state] : TransactionState.Unknown;
  }

  async preview(stamp: BarrierStamp): Promise<BarrierPreview> {
    const { dialect, horizonMs } = this.options;
    const sight = await this.asked(stamp, (connection) => dialect.look(connection, stamp, horizonMs));
    if (sight?.state) return ANSWER[sight.state];
    return sight?.withinHorizon === true ? 'none' : TransactionState.Unknown;
  }

  /** @returns undefined when the database cannot be asked now, or is not the one that is meant */
  private async asked<R>(
    { transactionId, source }: BarrierStamp,
    ask: (connection: Connection) => Promise<R>,
  ): Promise<R | undefined> {
    const { log } = this.options;
    if (source !== this.source) {
      log.debug('asked about a transaction of another database', { transactionId, source });
      return undefined;
    }
    try {
      return await this.connections.use(ask);
    } catch (error) {
      log.debug('transaction cannot be decided now', { transactionId, error });
      return undefined;
    }
  }
}
