import type { Clock, Log } from '@halfmq/remoting';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { InvalidOption } from '../errors.js';
import { TransactionState } from '../message.js';
import type { Barrier, BarrierStamp, OpenTransaction } from '../transaction/barrier.js';
import { CheckConnections } from './check-connections.js';
import { pgErrorOf, TypeOrmTransaction } from './open-transaction.js';
import { readSource, type Tables, tablesOf } from './tables.js';

/** serialization_failure, deadlock_detected */
const WORTH_ANOTHER_ATTEMPT = new Set(['40001', '40P01']);

export interface TypeOrmBarrierOptions {
  readonly dataSource: DataSource;
  readonly clock: Clock;
  readonly log: Log;
  /** transactions older than this are not decided any more: their row may have been pruned */
  readonly horizonMs: number;
}

/** The barrier on PostgreSQL: a row of `halfmq_barrier`, inserted by the transaction, or by the check. */
export class TypeOrmBarrier implements Barrier<EntityManager> {
  private readonly tables: Tables;
  private readonly connections: CheckConnections;
  private source: string | undefined;

  constructor(private readonly options: TypeOrmBarrierOptions) {
    this.tables = tablesOf(options.dataSource);
    this.connections = new CheckConnections(options.dataSource, options.clock);
  }

  /** @throws InvalidOption when the tables are missing */
  async start(): Promise<void> {
    this.source = await readSource(this.options.dataSource);
  }

  async begin(isolation?: string): Promise<OpenTransaction<EntityManager>> {
    const { dataSource, log } = this.options;
    if (this.source === undefined) {
      throw new InvalidOption('transactions were not started: call start() and wait for it first');
    }
    return TypeOrmTransaction.begin(dataSource, { tables: this.tables, source: this.source, log }, isolation);
  }

  worthAnotherAttempt(error: unknown): boolean {
    return WORTH_ANOTHER_ATTEMPT.has(pgErrorOf(error)?.code ?? '');
  }

  async decide(stamp: BarrierStamp): Promise<TransactionState> {
    const { transactionId, source } = stamp;
    if (source !== this.source) {
      this.options.log.debug('asked about a transaction of another database', { transactionId, source });
      return TransactionState.Unknown;
    }
    try {
      return await this.connections.use((runner) => this.ask(runner, stamp));
    } catch (error) {
      this.options.log.debug('transaction cannot be decided now', { transactionId, error });
      return TransactionState.Unknown;
    }
  }

  /**
   * Writes "no" down unless there is a row, then reads what is there. While the transaction is open its row is locked,
   * and the insert ends with a lock time-out. The two are separate statements because, READ COMMITTED, only the second
   * sees a row that was committed while the first one waited.
   */
  private async ask(runner: QueryRunner, stamp: BarrierStamp): Promise<TransactionState> {
    const { barrier } = this.tables;
    await runner.startTransaction('READ COMMITTED');
    await runner.query("SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '2s'");
    await runner.query(
      `INSERT INTO ${barrier} (transaction_id, state) SELECT $1, 'rolled_back'
       WHERE to_timestamp($2::float8 / 1000) > clock_timestamp() - $3::float8 * interval '1 millisecond'
       ON CONFLICT DO NOTHING`,
      [stamp.transactionId, stamp.at, this.options.horizonMs],
    );
    const rows = (await runner.query(`SELECT state FROM ${barrier} WHERE transaction_id = $1`, [
      stamp.transactionId,
    ])) as { state: string }[];
    await runner.commitTransaction();
    const [row] = rows;
    if (!row) return TransactionState.Unknown;
    return row.state === 'committed' ? TransactionState.Commit : TransactionState.Rollback;
  }
}
