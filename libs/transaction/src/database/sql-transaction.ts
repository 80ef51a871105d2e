import { InvalidOption } from '../errors.js';
import type {
  BarrierStamp,
  CommitOutcome,
  InboxKey,
  OpenTransaction,
  Step,
  StepFound,
} from '../transaction/barrier.js';
import type { OutboxRows } from '../transaction/outbox.js';
import type { Connection, ConnectionPool } from './connection.js';
import type { Dialect } from './dialect.js';
import { ADVICE } from './statements.js';

/** A transaction on one connection of the application's pool. */
export class SqlTransaction<Manager> implements OpenTransaction<Manager> {
  /** the id whose row this transaction holds */
  private recorded: string | undefined;

  private constructor(
    private readonly connection: Connection<Manager>,
    private readonly dialect: Dialect,
    private readonly source: string,
  ) {}

  static async begin<Manager>(
    pool: ConnectionPool<Manager>,
    place: { readonly dialect: Dialect; readonly source: string },
    isolation: string | undefined,
  ): Promise<SqlTransaction<Manager>> {
    const connection = await pool.connect();
    try {
      await connection.begin(isolation);
    } catch (error) {
      await connection.giveUp(error);
      throw error;
    }
    return new SqlTransaction(connection, place.dialect, place.source);
  }

  get manager(): Manager {
    return this.connection.manager;
  }

  get outbox(): OutboxRows | undefined {
    return this.dialect.outbox?.(this.connection);
  }

  async record(transactionId: string): Promise<BarrierStamp> {
    const at = await this.dialect.record(this.connection, transactionId);
    this.recorded = transactionId;
    return { transactionId, at, source: this.source };
  }

  mark(key: InboxKey): Promise<boolean> {
    return this.dialect.mark(this.connection, key);
  }

  enter(step: Step): Promise<StepFound> {
    return this.dialect.enter(this.connection, step);
  }

  seal(): void {
    if (this.connection.seal()) return;
    throw new InvalidOption(
      `the callback of a transaction returned while a statement of it was still running: ${ADVICE}`,
    );
  }

  async commit(): Promise<CommitOutcome> {
    const { connection } = this;
    try {
      await connection.before('commit');
    } catch (error) {
      await this.rollback();
      return { kind: 'refused', error };
    }
    connection.seal();
    const outcome = await this.dialect.commit(connection, this.recorded);
    if (outcome.kind === 'unknown') {
      await connection.giveUp(outcome.error);
      return outcome;
    }
    await connection.after(outcome.kind === 'committed' ? 'commit' : 'rollback');
    await connection.release();
    return outcome;
  }

  async rollback(): Promise<void> {
    const { connection } = this;
    try {
      await connection.before('rollback');
      connection.seal();
      await connection.query('ROLLBACK');
    } catch (error) {
      await connection.giveUp(error);
      return;
    }
    await connection.after('rollback');
    await connection.release();
  }

  savepoint<R>(work: () => Promise<R>): Promise<R> {
    return this.connection.savepoint(work);
  }
}
