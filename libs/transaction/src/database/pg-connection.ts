import { InvalidOption } from '../errors.js';
import type { Answer, Connection, Row, TransactionEnd } from './connection.js';
import { Statements } from './statements.js';

export interface PgResult {
  readonly rows: Row[];
  readonly rowCount: number | null;
  readonly command: string;
}

/** What is used of node-postgres's PoolClient. */
export interface PgClient {
  /** several results when `text` has several statements */
  query(text: string, values?: unknown[]): Promise<PgResult | PgResult[]>;
  release(destroy?: Error | boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

export async function answerOf(result: Promise<PgResult | PgResult[]>): Promise<Answer> {
  const all = await result;
  const last = Array.isArray(all) ? all.at(-1) : all;
  return { rows: last?.rows ?? [], changed: last?.rowCount ?? 0, command: last?.command };
}

const ISOLATION: ReadonlySet<string> = new Set([
  'READ UNCOMMITTED',
  'READ COMMITTED',
  'REPEATABLE READ',
  'SERIALIZABLE',
]);

/** A client of a node-postgres pool, whatever the user works with on it. */
export abstract class PgConnection<Manager> implements Connection<Manager> {
  private readonly statements = new Statements();
  /** the client's own `query`: what the user calls is watched */
  private readonly ask: PgClient['query'];
  private savepoints = 0;

  constructor(protected readonly client: PgClient) {
    this.ask = client.query.bind(client);
    // a client on loan has no other listener: without one its broken connection would end the process. Whoever uses
    // it next hears of it by a failing query.
    client.on('error', ignore);
  }

  abstract get manager(): Manager;

  query(sql: string, parameters: readonly unknown[] = []): Promise<Answer> {
    return answerOf(this.ask(sql, [...parameters]));
  }

  async begin(isolation?: string): Promise<void> {
    if (isolation !== undefined && !ISOLATION.has(isolation)) {
      throw new InvalidOption(
        `isolation ${JSON.stringify(isolation)} is none of PostgreSQL's: ${[...ISOLATION].join(', ')}`,
      );
    }
    await this.query(isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation}`);
    this.watch();
  }

  /** From now on what the user asks the client is watched. */
  protected watch(): void {
    this.client.query = this.watched.bind(this);
  }

  private watched(...given: Parameters<PgClient['query']>): ReturnType<PgClient['query']> {
    try {
      this.statements.mayBegin();
    } catch (error) {
      if (wantsPromise(given)) return Promise.reject(error);
      throw error;
    }
    return this.statements.watch(this.ask(...given));
  }

  seal(): boolean {
    return this.statements.seal();
  }

  get failed(): boolean {
    return this.statements.failed;
  }

  async savepoint<R>(work: () => Promise<R>): Promise<R> {
    const name = `halfmq_${this.savepoints++}`;
    await this.query(`SAVEPOINT ${name}`);
    let result: R;
    try {
      result = await work();
    } catch (error) {
      // where not even this works the transaction cannot commit any more; what went wrong first is told
      await this.query(`ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`).catch(ignore);
      throw error;
    }
    await this.query(`RELEASE SAVEPOINT ${name}`);
    return result;
  }

  async before(_end: TransactionEnd): Promise<void> {
    // nobody listens
  }

  async after(_end: TransactionEnd): Promise<void> {
    // nobody listens
  }

  async release(): Promise<void> {
    await this.leave();
    this.client.release();
  }

  async giveUp(): Promise<void> {
    await this.leave();
    this.client.release(true);
  }

  /** Leaves the client as it was found. */
  protected async leave(): Promise<void> {
    this.client.removeListener('error', ignore);
    this.client.query = this.ask;
  }
}

/** Neither a call with a callback nor one with a query object of its own (a cursor, a stream). */
function wantsPromise(given: readonly unknown[]): boolean {
  const [what] = given;
  const submits = typeof what === 'object' && what !== null && 'submit' in what;
  return !submits && typeof given.at(-1) !== 'function';
}

function ignore(): void {
  // said by the query that fails because of it
}
