import type { Clock, Log } from '@halfmq/remoting';
import { mayPass } from '../producer/delivery.js';
import type { Barrier } from './barrier.js';
import { type KeyedSends, named } from './half-messages.js';
import type { OutboxRows } from './outbox.js';
import { Reach } from './reach.js';
import { Relay } from './relay.js';
import type { Collected } from './scope.js';

export interface DetourParts<Manager> {
  readonly barrier: Barrier<Manager>;
  readonly sends: KeyedSends;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The way around a broker that is away: the messages of a transaction are written into the outbox with it, all of them,
 * and relayed as ordinary ones. A message whose ordering key has others waiting goes this way too, behind them.
 */
export class Detour<Manager> {
  private readonly reach: Reach;
  private readonly relay: Relay<Manager>;

  constructor(private readonly parts: DetourParts<Manager>) {
    this.reach = new Reach(parts.clock);
    this.relay = new Relay({ ...parts, reach: this.reach });
  }

  start(): void {
    this.relay.start();
  }

  stop(): Promise<void> {
    return this.relay.stop();
  }

  /** Whether these messages had better not be tried at a broker. */
  async isDue(outbox: OutboxRows, collected: readonly Collected[]): Promise<boolean> {
    if (!this.reach.tries(topicsOf(collected))) return true;
    const ordered = collected.flatMap(({ message }) => (message.orderingKey === undefined ? [] : [message]));
    return ordered.length > 0 && outbox.holds(ordered);
  }

  /** Whether what kept a half message from being stored is a reason to go this way. */
  leadsAround(error: unknown, topic: string): boolean {
    if (!mayPass(error)) return false;
    this.reach.failed(topic);
    return true;
  }

  reached(collected: readonly Collected[]): void {
    const back = [...topicsOf(collected)].filter((topic) => this.reach.reached(topic));
    if (back.length > 0) this.relay.reached();
  }

  /**
   * Writes the messages into the outbox.
   * @throws MessageInvalid for what no broker would take
   */
  async keep(outbox: OutboxRows, transactionId: string, collected: readonly Collected[]): Promise<void> {
    const kept = collected.map((one) => {
      const message = named(one.message, transactionId);
      return { message, uniqueKey: this.parts.sends.keyFor(message) };
    });
    await outbox.keep(kept);
  }

  /** The rows are committed. */
  written(): void {
    this.relay.written();
  }
}

function topicsOf(collected: readonly Collected[]): ReadonlySet<string> {
  return new Set(collected.map(({ message }) => message.topic));
}
