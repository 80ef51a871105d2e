import type { Clock } from '@halfmq/remoting';
import { type Connection, type ConnectionPool, giveBack } from './connection.js';

const CONNECTIONS = 2;
/** A pool whose connections are all in use is no reason to leave the broker without an answer for long. */
const PATIENCE_MS = 1_000;
/** Long enough for a storm of ten thousand questions after a restart; then "unknown", and the broker asks again. */
const TURN_MS = 10_000;

/**
 * The connections checks may use: two of the application's pool, so that a storm of questions after a restart leaves
 * the rest to the application.
 */
export class CheckConnections {
  private free = CONNECTIONS;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly pool: ConnectionPool,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs `work` on a connection of its own.
   * @throws Error when there is none free, and what `work` throws: the connection is given up then
   */
  async use<R>(work: (connection: Connection) => Promise<R>): Promise<R> {
    await this.turn();
    const connected = this.pool.connect();
    let connection: Connection;
    try {
      connection = await this.inTime(connected);
    } catch (error) {
      // The place is free again when the pool has served this request too: it stays at two.
      void connected
        .then(
          (late) => late.release(),
          () => undefined,
        )
        .finally(() => this.next());
      throw error;
    }
    try {
      return await giveBack(connection, work);
    } finally {
      this.next();
    }
  }

  private turn(): Promise<void> {
    if (this.free > 0) {
      this.free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.clock.after(TURN_MS, () => {
        this.waiting.delete(go);
        reject(new Error(`${CONNECTIONS} other checks have kept this one waiting for ${TURN_MS} ms`));
      });
      this.waiting.add(go);
    });
  }

  private next(): void {
    const [first] = this.waiting;
    if (!first) {
      this.free++;
      return;
    }
    this.waiting.delete(first);
    first();
  }

  private inTime(connected: Promise<Connection>): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new Error(`no free connection to the database within ${PATIENCE_MS} ms`));
      const cancel = this.clock.after(PATIENCE_MS, late);
      connected.then(resolve, reject).finally(cancel);
    });
  }
}
