import type { Cancel, Clock, Log } from '@halfmq/remoting';
import type { HalfmqClient } from '../client.js';
import { ClientClosed, NoNameServer } from '../errors.js';

const AGAIN_MS = 1_000;

/**
 * Connects the client and keeps trying: an application that is deployed before its brokers starts, says so, and heals.
 *
 *   WAITING ── start() succeeds ─▶ CONNECTED      (what was given to `whenConnected` runs)
 *      │ no name server: again, each second
 *      └── stopTrying() ─▶ CLOSED
 */
export class ClientConnection {
  private state: 'waiting' | 'connected' | 'closed' = 'waiting';
  private lastError: Error = new ClientClosed('the client is not connected yet');
  private cancel: Cancel = () => undefined;
  private stopped = false;

  constructor(
    private readonly client: HalfmqClient,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /**
   * Resolves after the first attempt, whether it connected or goes on trying in the background.
   * @param whenConnected when it rejects at the first attempt, so does this; later it is run again, each second
   */
  async open(whenConnected: () => Promise<void>): Promise<void> {
    if (await this.attempt()) {
      await whenConnected();
      return;
    }
    this.log.warn('the application starts without a broker and goes on looking for one', {
      error: this.lastError,
    });
    this.again(whenConnected);
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  /** @throws NoNameServer as long as none has answered */
  mustBeConnected(): void {
    if (this.state !== 'connected') throw this.lastError;
  }

  /** What is connected stays so until the client itself is closed. */
  stopTrying(): void {
    this.stopped = true;
    this.cancel();
    if (this.state !== 'waiting') return;
    this.state = 'closed';
    this.lastError = new ClientClosed('the application is shutting down');
  }

  private async attempt(): Promise<boolean> {
    try {
      await this.client.start();
    } catch (error) {
      if (this.state === 'closed') return false;
      if (!(error instanceof NoNameServer)) throw error;
      this.lastError = error;
      return false;
    }
    if (this.state === 'closed') return false;
    this.state = 'connected';
    return true;
  }

  private again(whenConnected: () => Promise<void>): void {
    if (this.stopped) return;
    this.cancel = this.clock.after(AGAIN_MS, () => {
      void this.reconnect(whenConnected);
    });
  }

  private async reconnect(whenConnected: () => Promise<void>): Promise<void> {
    try {
      if (!(await this.attempt())) return this.again(whenConnected);
      await whenConnected();
      this.log.info('connected: a name server has answered');
    } catch (error) {
      this.log.error('the client could not be started', { error });
      this.again(whenConnected);
    }
  }
}
