import {
  formatProperties,
  PropertyName,
  RecordError,
  decodeRecord,
  parseProperties,
  type Cancel,
  type Clock,
  type Log,
  type MessageRecord,
} from '@halfmq/remoting';
import { StoreError, type MessageStore, type NewMessage } from '@halfmq/store';
import { topicOf } from '../../directory/topic-config.js';
import { groupOfRetryTopic, popRetryTopicOf } from '../../directory/topic-names.js';
import type { Groups } from '../../directory/groups.js';
import type { Topics } from '../../directory/topics.js';
import { again } from '../../produce/stored-message.js';
import { sleepMs } from '../../sleep.js';
import { isOpen, type Lease } from './lease-book.js';
import type { PopMemory } from './pop-memory.js';

/** Until what could not be stored is tried again. */
const TRY_AGAIN_MS = 1_000;
/** Messages brought back in one turn of the event loop: after a start a hundred thousand may be due. */
const AT_ONCE = 256;

/**
 * Leases whose time is over: what is not done comes again, as a copy in the group's pop retry topic with one delivery more.
 * First the copy is stored, then the lease ends: a kill in between brings it twice, never not at all.
 */
export class ComeAgain {
  private cancel: Cancel = () => undefined;
  private timerAt = Infinity;
  private stopped = true;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: Pick<MessageStore, 'read' | 'append' | 'leases'>,
    private readonly topics: Topics,
    private readonly groups: Pick<Groups, 'known'>,
    private readonly memory: PopMemory,
  ) {}

  start(): void {
    this.stopped = false;
    this.memory.leases.given = () => this.arm();
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private arm(): void {
    const next = this.memory.leases.nextDueAt();
    if (this.stopped || next === undefined || next >= this.timerAt) return;
    this.cancel();
    this.timerAt = next;
    this.cancel = this.clock.after(sleepMs(next - this.clock.now()), () => this.run());
  }

  private run(): void {
    this.timerAt = Infinity;
    for (const lease of this.memory.leases.takeDue(this.clock.now(), AT_ONCE)) this.end(lease);
    this.arm();
  }

  private end(lease: Lease): void {
    // its group was deleted: nobody asks for its messages
    if (!this.groups.known(lease.group)) return this.memory.leases.forget(lease);
    for (const [nth, offset] of lease.offsets.entries()) {
      if (!isOpen(lease, nth)) continue;
      const record = this.recordOf(lease, offset);
      if (record) this.bring(lease, nth, record);
      else this.memory.leases.end(lease, nth);
    }
  }

  private bring(lease: Lease, nth: number, record: MessageRecord): void {
    const { group, topic } = lease;
    const retry = groupOfRetryTopic(topic) === undefined ? popRetryTopicOf(group, topic) : topic;
    try {
      this.topics.ensure(topicOf(retry, 1));
      this.store.append([copyOf(record, retry, lease.popTime)], (error) => {
        if (!error) this.memory.leases.end(lease, nth);
        else this.putOff(lease, error);
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.putOff(lease, error);
    }
  }

  private putOff(lease: Lease, error: StoreError): void {
    const { group, topic } = lease;
    this.log.warn('messages that were popped could not be brought back, it is tried again', {
      group,
      topic,
      error: error.message,
    });
    this.memory.leases.putOff(lease, this.clock.now() + TRY_AGAIN_MS);
    this.arm();
  }

  /** One stored after it was handed out is another one: its topic was deleted and made anew. */
  private recordOf(lease: Lease, offset: number): MessageRecord | undefined {
    const { group, topic, queueId, popTime, storedBy = popTime } = lease;
    const found = this.store.read(topic, queueId, offset, { maxMessages: 1, maxBytes: 1 });
    try {
      const [bytes] = found.records;
      const record = bytes && decodeRecord(Buffer.from(bytes));
      if (record?.queueOffset === offset && record.storeTimestamp <= storedBy) return record;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
    } finally {
      found.giveBack();
    }
    this.log.warn('a message that was popped is gone before it was done: it does not come again', {
      group,
      topic,
      queueId,
      queueOffset: offset,
    });
    return undefined;
  }
}

function copyOf(record: MessageRecord, retry: string, popTime: number): NewMessage {
  const properties = parseProperties(record.properties);
  properties.delete(PropertyName.POP_CK);
  if (!properties.has(PropertyName.FIRST_POP_TIME))
    properties.set(PropertyName.FIRST_POP_TIME, String(popTime));
  return again(record, {
    topic: retry,
    queueId: 0,
    reconsumeTimes: record.reconsumeTimes + 1,
    preparedTransactionOffset: 0,
    properties: formatProperties(properties),
  });
}
