import type { Clock } from '@halfmq/remoting';
import type { ReceiveRequest } from '../consume/pop/receive.js';
import type { OtherBroker } from '../grpc/elsewhere/other-broker.js';

/** A broker holds the question so long at most: then it is looked at, whatever it says. */
const HELD_MS = 5_000;

type Wanted = Pick<ReceiveRequest, 'group' | 'topic' | 'ordered'>;

/**
 * Who waits for messages of several brokers asks them when there is something, and receives then: a receive that is held at
 * each would be handed messages by several, and could give back only with an attempt lost.
 */
export class Notices {
  /** broker, topic, group, order → the question that is held there, for all who wait for the same */
  private readonly held = new Map<string, Promise<boolean>>();

  constructor(private readonly clock: Clock) {}

  /** Resolves when one of them may have something (true: it says so), the time is over, or nobody waits any more. */
  async any(
    brokers: readonly OtherBroker[],
    wanted: Wanted,
    waitMs: number,
    gone: AbortSignal,
  ): Promise<boolean> {
    const over = new AbortController();
    const leave = (): void => over.abort();
    gone.addEventListener('abort', leave, { once: true });
    const time = pause(this.clock, Math.min(waitMs, HELD_MS), over.signal).then(() => false);
    try {
      return await Promise.race([time, ...brokers.map((broker) => this.of(broker, wanted, time))]);
    } finally {
      gone.removeEventListener('abort', leave);
      over.abort();
    }
  }

  /** @param otherwise of a broker that cannot be asked */
  private of(broker: OtherBroker, wanted: Wanted, otherwise: Promise<boolean>): Promise<boolean> {
    const { topic, group, ordered } = wanted;
    const key = `${broker.address} ${topic} ${group} ${ordered}`;
    const asked = this.held.get(key) ?? this.ask(key, broker, wanted);
    return asked.catch(() => otherwise);
  }

  private ask(key: string, broker: OtherBroker, wanted: Wanted): Promise<boolean> {
    const asked = broker.finds(wanted, HELD_MS).finally(() => this.held.delete(key));
    this.held.set(key, asked);
    return asked;
  }
}

/** Ends sooner when nobody waits any more. */
export function pause(clock: Clock, ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      gone.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    gone.addEventListener('abort', end, { once: true });
    if (gone.aborted) end();
  });
}
