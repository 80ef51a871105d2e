import {
  parseProperties,
  parseRecallHandle,
  Permission,
  PropertyName,
  StatusError,
  type Clock,
  type RecallHandle,
  type RecallMessageHeader,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';
import { acceptedBy } from './message-type.js';
import { readStored } from './stored-message.js';
import { statusOfStoreError } from './store-failure.js';

/**
 * RECALL_MESSAGE: a message that waits for its time is not delivered. RocketMQ sends another one after it and lets the two
 * meet in the wheel; here it is a decision, stored before it is answered.
 */
export class Recall {
  constructor(
    private readonly config: BrokerConfig,
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'delayed' | 'recordAt' | 'query'>,
    private readonly topics: Topics,
  ) {}

  /**
   * Resolves with the message's id when it is stored that it will not be delivered; also when that was so before.
   * @throws StatusError NO_PERMISSION, TOPIC_NOT_EXIST, ILLEGAL_OPERATION: no handle, another broker's, or too late
   */
  async recall({ topic, recallHandle }: RecallMessageHeader): Promise<string> {
    if (!this.config.recallMessageEnable)
      throw new StatusError(
        'NO_PERMISSION',
        'recall failed, operation is forbidden: recallMessageEnable=false',
      );
    const known = this.topics.find(topic);
    if (!known) throw new StatusError('TOPIC_NOT_EXIST', `recall failed, the topic[${topic}] not exist`);
    if ((known.perm & Permission.WRITE) === 0)
      throw new StatusError('NO_PERMISSION', `recall failed, the topic[${topic}] is not writable`);
    if (this.config.enableTopicMessageTypeCheck && !acceptedBy(known).includes('DELAY'))
      throw new StatusError('MESSAGE_ILLEGAL', `recall failed, the topic[${topic}] has no delayed messages`);
    const handle = this.handle(topic, recallHandle);
    const waiting = await this.find(handle);
    if (waiting) await this.drop(waiting);
    return handle.uniqueKey;
  }

  private handle(topic: string, text: string): RecallHandle {
    const handle = parseRecallHandle(text);
    if (!handle) throw illegal('the recall handle is none');
    if (handle.topic !== topic) throw illegal('the recall handle is of another topic');
    if (handle.brokerName !== this.config.brokerName) throw illegal('the recall handle is of another broker');
    const now = this.clock.now();
    if (handle.deliverAt <= now || handle.deliverAt >= now + this.config.timerMaxDelaySec * 1000)
      throw illegal('the time of the message has come, or cannot be');
    return handle;
  }

  /** Where the handle says it lies, or else by its key: one of another broker's kind names no place. */
  private async find({ topic, uniqueKey, physicalOffset }: RecallHandle): Promise<number | undefined> {
    if (physicalOffset !== undefined) return physicalOffset;
    const range = { from: 0, to: Number.MAX_SAFE_INTEGER };
    const [record] = await this.store.query(SystemTopic.WHEEL_TIMER, uniqueKey, range, {
      maxMessages: 1,
      maxBytes: 1,
    });
    if (!record) throw illegal(`no message ${uniqueKey} of topic ${topic} waits here`);
    return Number(record.readBigInt64BE(28));
  }

  private drop(physicalOffset: number): Promise<void> {
    const stored = readStored(this.store, physicalOffset);
    if (stored?.record.topic !== SystemTopic.WHEEL_TIMER) return Promise.resolve();
    const properties = parseProperties(stored.record.properties);
    const deliverAt = Number(properties.get(PropertyName.TIMER_OUT_MS));
    return new Promise((resolve, reject) => {
      this.store.delayed.recall({ deliverAt, physicalOffset }, (error) =>
        error ? reject(new StatusError(statusOfStoreError(error), error.message)) : resolve(),
      );
    });
  }
}

const illegal = (why: string): StatusError => new StatusError('ILLEGAL_OPERATION', `recall failed, ${why}`);
