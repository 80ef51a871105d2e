import { StatusError, type InvokeBrokerToResetOffsetHeader, type MessageQueue } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { Groups } from '../directory/groups.js';
import type { Topics } from '../directory/topics.js';

type Place = Omit<InvokeBrokerToResetOffsetHeader, 'isForce'>;

export interface Asked extends Place {
  /** where the topic is at several */
  readonly brokerName?: string | undefined;
  /** true: says what would happen, and does nothing */
  readonly dryRun: boolean;
}

export interface Move {
  readonly brokerName: string;
  readonly queueId: number;
  /** where the group went on; undefined: it has read nothing of the queue */
  readonly from: number | undefined;
  readonly to: number;
}

/**
 * Offsets that an operator has set for a group (useServerSideResetOffset). The new one counts at once. Members that are
 * connected still know the old one: until a member's next pull, which is answered with the new one, what they commit is
 * passed over.
 */
export class Resets {
  /** group, topic and queue, of those with members → the offset they have not heard of */
  private readonly unheard = new Map<string, number>();

  constructor(
    private readonly config: Pick<BrokerConfig, 'brokerName'>,
    private readonly store: Pick<MessageStore, 'offsets' | 'minOffset' | 'maxOffset' | 'offsetByTime'>,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly clients: Clients,
  ) {
    topics.onChange((topic) => {
      if (!topics.find(topic)) this.forget(topic);
    });
  }

  /** Nothing is to be heard of: nearly always. */
  get none(): boolean {
    return this.unheard.size === 0;
  }

  /**
   * @returns the new offset of each queue
   * @throws StatusError TOPIC_NOT_EXIST, SUBSCRIPTION_GROUP_NOT_EXIST, SYSTEM_ERROR: the queue has no such offset
   */
  reset(header: Place): [MessageQueue, number][] {
    const { group, topic } = header;
    const targets = this.preview(header);
    for (const [{ queueId }, offset] of targets) {
      this.store.offsets.commit(group, topic, queueId, offset);
      if (this.clients.consumerGroup(group)) this.unheard.set(keyOf(group, topic, queueId), offset);
    }
    return targets;
  }

  /** The same, or what it would do, with where the group went on before. @throws StatusError as reset */
  move({ dryRun, brokerName, ...header }: Asked): Move[] {
    const { group, topic } = header;
    if (brokerName !== undefined && brokerName !== this.config.brokerName)
      throw new StatusError(
        'INVALID_PARAMETER',
        `brokerName: this is ${this.config.brokerName}, got ${brokerName}`,
      );
    const before = new Map(this.store.offsets.ofTopic(group, topic));
    const targets = dryRun ? this.preview(header) : this.reset(header);
    return targets.map(([{ brokerName, queueId }, to]) => ({
      brokerName,
      queueId,
      from: before.get(queueId),
      to,
    }));
  }

  /** What `reset` would do. @throws StatusError as reset */
  preview({ group, topic: name, timestamp, queueId = -1, offset = -1 }: Place): [MessageQueue, number][] {
    const topic = this.topics.find(name);
    if (!topic) throw new StatusError('TOPIC_NOT_EXIST', `Topic ${name} does not exist`);
    if (!this.groups.known(group))
      throw new StatusError('SUBSCRIPTION_GROUP_NOT_EXIST', `Group ${group} does not exist`);
    if (queueId >= topic.readQueueNums)
      throw new StatusError(
        'SYSTEM_ERROR',
        `queueId ${queueId}: topic ${name} has ${topic.readQueueNums} queues`,
      );
    const queues = queueId >= 0 ? [queueId] : Array.from({ length: topic.readQueueNums }, (_, each) => each);
    const { brokerName } = this.config;
    return queues.map((queue) => [
      { topic: name, brokerName, queueId: queue },
      queueId >= 0 && offset >= 0 ? this.given(name, queue, offset) : this.byTime(name, queue, timestamp),
    ]);
  }

  /** The offset a member has not heard of yet. */
  pending(group: string, topic: string, queueId: number): number | undefined {
    return this.unheard.get(keyOf(group, topic, queueId));
  }

  /** The same, and it is told now. */
  told(group: string, topic: string, queueId: number): number | undefined {
    const offset = this.pending(group, topic, queueId);
    this.unheard.delete(keyOf(group, topic, queueId));
    return offset;
  }

  /** An offset of a topic that is gone is none of the one that has its name next. */
  private forget(topic: string): void {
    for (const key of this.unheard.keys()) if (key.split(' ')[1] === topic) this.unheard.delete(key);
  }

  private given(topic: string, queueId: number, offset: number): number {
    return inQueue(offset, this.store.minOffset(topic, queueId), this.store.maxOffset(topic, queueId));
  }

  private byTime(topic: string, queueId: number, timestamp: number): number {
    if (timestamp < 0) return this.store.maxOffset(topic, queueId);
    return this.store.offsetByTime(topic, queueId, timestamp, 'LOWER');
  }
}

/** @throws StatusError SYSTEM_ERROR: the queue has no such offset */
export function inQueue(offset: number, min: number, max: number): number {
  if (offset >= min && offset <= max) return offset;
  throw new StatusError('SYSTEM_ERROR', `Target offset ${offset} not in consume queue range [${min}-${max}]`);
}

/** Neither group nor topic has a blank. */
const keyOf = (group: string, topic: string, queueId: number): string => `${group} ${topic} ${queueId}`;
