import { InvalidOption } from '../errors.js';
import type {
  BarrierState,
  BarrierStamp,
  CommitOutcome,
  InboxKey,
  OpenTransaction,
  Step,
  StepFound,
} from '../transaction/barrier.js';
import type { OutboxRows } from '../transaction/outbox.js';
import type { Connection, ConnectionPool } from './connection.js';
import type { DatabaseClock } from './database-clock.js';
import type { Dialect } from './dialect.js';
import { ADVICE } from './statements.js';

/** What transactions of one database share. */
export interface Place {
  readonly dialect: Dialect;
  readonly source: string;
  readonly clock: DatabaseClock;
}

/** A transaction on one connection of the application's pool. */
export class SqlTransaction<Manager> implements OpenTransaction<Manager> {
  /** the id whose row belongs to this transaction */
  private recorded: string | undefined;

  private constructor(
    private readonly connection: Connection<Manager>,
    private readonly place: Place,
  ) {}

  static async begin<Manager>(
    pool: ConnectionPool<Manager>,
    place: Place,
    isolation: string | undefined,
  ): Promise<SqlTransaction<Manager>> {
    const connection = await pool.connect();
    try {
      await connection.begin(isolation);
    } catch (error) {
      await connection.giveUp(error);
      throw error;
    }
    return new SqlTransaction(connection, place);
  }

  get manager(): Manager {
    return this.connection.manager;
  }

  get outbox(): OutboxRows | undefined {
    return this.place.dialect.outbox?.(this.connection);
  }

  async record(transactionId: string): Promise<BarrierStamp> {
    const { dialect, source, clock } = this.place;
    const at = await dialect.record(this.connection, transactionId, clock);
    this.recorded = transactionId;
    return { transactionId, at, source };
  }

  mark(key: InboxKey): Promise<boolean> {
    return this.place.dialect.mark(this.connection, key);
  }

  enter(step: Step): Promise<StepFound> {
    return this.place.dialect.enter(this.connection, step);
  }

  seal(): void {
    if (this.connection.seal()) return;
    throw new InvalidOption(
      `the callback of a transaction returned while a statement of it was still running: ${ADVICE}`,
    );
  }

  async commit(state: BarrierState = 'committed'): Promise<CommitOutcome> {
    const { connection, recorded } = this;
    try {
      await connection.before('commit');
    } catch (error) {
      await this.rollback();
      return { kind: 'refused', error };
    }
    connection.seal();
    const row = recorded === undefined ? undefined : { transactionId: recorded, state };
    const outcome = await this.place.dialect.commit(connection, row);
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
