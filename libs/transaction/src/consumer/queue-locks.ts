import {
  decodeLockedQueues,
  encodeLockBatchBody,
  lockBatchMq,
  unlockBatchMq,
  type Clock,
  type Log,
  type MessageQueue,
} from '@halfmq/remoting';
import type { BrokerRequests } from '../broker-requests.js';
import { Complaints } from '../complaints.js';
import type { Routes } from '../routes/routes.js';
import { queueKey } from '../routes/topic-route.js';

export const RENEW_LOCKS_MS = 20_000;
/** A broker keeps a lock for 60 s, its owner relies on it for 30 s: clocks and delays fit in between. */
const RELY_MS = 30_000;

/** An ordered consumer's locks on its queues, kept at the brokers so that no two members handle one queue. */
export class QueueLocks {
  private readonly complaints: Complaints;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly clientId: string,
    private readonly group: string,
    private readonly routes: Routes,
    private readonly brokers: BrokerRequests,
  ) {
    this.complaints = new Complaints(log);
  }

  /**
   * Takes or renews locks. Never rejects.
   * @returns until when (monotonic ms) those that were granted may be relied on; queues of a broker that did not answer
   * are in neither set
   */
  async lock(
    queues: readonly MessageQueue[],
  ): Promise<{ granted: Map<string, number>; refused: Set<string> }> {
    const granted = new Map<string, number>();
    const refused = new Set<string>();
    const asked = [...byBroker(queues)].map(async ([brokerName, mqSet]) => {
      const until = this.clock.monotonic() + RELY_MS;
      const owned = await this.ask(brokerName, mqSet);
      if (!owned) return;
      for (const key of mqSet.map(queueKey)) {
        if (owned.has(key)) granted.set(key, until);
        else refused.add(key);
      }
    });
    await Promise.all(asked);
    return { granted, refused };
  }

  /** Never rejects: a lock that is not given back runs out. */
  async unlock(queues: readonly MessageQueue[]): Promise<void> {
    const told = [...byBroker(queues)].map(async ([brokerName, mqSet]) => {
      const address = this.routes.primaryOf(brokerName);
      if (address === undefined) return;
      try {
        await this.brokers.call(
          { brokerName, address },
          { spec: unlockBatchMq, header: {}, body: this.body(mqSet) },
        );
      } catch (error) {
        this.log.warn(`queue locks not given back to ${brokerName}`, { group: this.group, error });
      }
    });
    await Promise.all(told);
  }

  private async ask(brokerName: string, mqSet: MessageQueue[]): Promise<Set<string> | undefined> {
    const address = this.routes.primaryOf(brokerName);
    if (address === undefined) return undefined;
    try {
      const what = { spec: lockBatchMq, header: {}, body: this.body(mqSet) };
      const answer = await this.brokers.call({ brokerName, address }, what);
      const owned = new Set(decodeLockedQueues(answer.body).map(queueKey));
      this.complaints.settled(brokerName);
      return owned;
    } catch (error) {
      const message = `no answer about queue locks from ${brokerName}`;
      this.complaints.warn(brokerName, message, { group: this.group, error });
      return undefined;
    }
  }

  private body(mqSet: MessageQueue[]): Buffer {
    return encodeLockBatchBody({ consumerGroup: this.group, clientId: this.clientId, mqSet });
  }
}

function byBroker(queues: readonly MessageQueue[]): Map<string, MessageQueue[]> {
  const brokers = new Map<string, MessageQueue[]>();
  for (const queue of queues) {
    const known = brokers.get(queue.brokerName);
    if (known) known.push(queue);
    else brokers.set(queue.brokerName, [queue]);
  }
  return brokers;
}
