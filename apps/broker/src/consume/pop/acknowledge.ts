import { ORDERED_REVIVE_QUEUE, StatusError, type BatchAck, type Clock, type Receipt } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { Topics } from '../../directory/topics.js';
import { partsOfLite, shownTopicOf } from '../../directory/lite-names.js';
import { groupOfRetryTopic, popRetryTopicOf } from '../../directory/topic-names.js';
import type { HeldPops } from './held-pops.js';
import { allOpen } from './lease-book.js';
import type { LiteSubscriptions } from './lite-subscriptions.js';
import type { PopMemory } from './pop-memory.js';
import { placeOf } from './receipts.js';

/** As long as a queue may be kept from others: RocketMQ's clients ask for two hours at most. */
const LONGEST_INVISIBLE_MS = 12 * 3_600_000;

/** Which message, of whom. */
export interface HandedOut {
  readonly group: string;
  /** the topic it lies in: of what came again, the retry topic */
  readonly topic: string;
  readonly receipt: Receipt;
}

/** What is done, and what is to come again: later, or sooner, than was agreed. */
export class Acknowledge {
  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'offsets' | 'minOffset' | 'maxOffset'>,
    private readonly topics: Topics,
    private readonly memory: PopMemory,
    private readonly held: HeldPops,
    private readonly lite: Pick<LiteSubscriptions, 'look'>,
  ) {}

  /**
   * A message is done. One that has expired meanwhile comes again all the same: as in RocketMQ that is no error.
   * @returns false: nobody had it any more
   * @throws StatusError TOPIC_NOT_EXIST, INVALID_PARAMETER, NO_MESSAGE
   */
  done({ group, topic, receipt }: HandedOut): boolean {
    this.mustExist(topic, receipt, this.store.maxOffset(topic, receipt.queueId));
    if (receipt.reviveQueue === ORDERED_REVIVE_QUEUE) return this.doneInOrder({ group, topic, receipt });
    return this.memory.leases.done(placeOf(group, topic, receipt), receipt.queueOffset);
  }

  /** The messages of one entry of a BATCH_ACK_MESSAGE; what is not there is passed over. */
  batch(ack: BatchAck): void {
    const { group, topic, retryFlag, start, queueId, reviveQueue, popTime, invisibleMs, offsets } = ack;
    const of = retryFlag === 0 ? topic : popRetryTopicOf(group, topic);
    for (const queueOffset of offsets) {
      const batch = { start, popTime, invisibleMs, reviveQueue, retryFlag, brokerName: '', queueId };
      try {
        this.done({ group, topic: of, receipt: { ...batch, queueOffset } });
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
      }
    }
  }

  /**
   * A message comes again after this long, counted from now, unless it is done before.
   * @param uncounted of a queue read in order: it comes again as if it had not been handed out
   * @returns its new receipt; the old one is worth nothing any more. Undefined: nobody had it any more
   * @throws StatusError as `done`
   */
  change({ group, topic, receipt }: HandedOut, invisibleMs: number, uncounted = false): Receipt | undefined {
    if (!(invisibleMs >= 0 && invisibleMs <= LONGEST_INVISIBLE_MS))
      throw new StatusError(
        'INVALID_PARAMETER',
        `invisibleTime expected 0 to ${LONGEST_INVISIBLE_MS} ms, got ${invisibleMs}`,
      );
    const { queueId, queueOffset } = receipt;
    this.mustExist(topic, receipt, this.store.maxOffset(topic, queueId) - 1);
    if (receipt.reviveQueue === ORDERED_REVIVE_QUEUE)
      return this.changeInOrder({ group, topic, receipt }, invisibleMs, uncounted);
    const place = placeOf(group, topic, receipt);
    const { leases } = this.memory;
    if (!leases.holds(place, queueOffset)) return undefined;
    // its batch may begin with it, in the same millisecond: another one then
    const popTime = Math.max(this.clock.now(), place.popTime + 1);
    const storedBy = leases.storedBy(place);
    const given = { offsets: [queueOffset], open: allOpen(1) };
    leases.give({ group, topic, queueId, popTime, storedBy, invisibleMs, ...given });
    leases.done(place, queueOffset);
    return { ...receipt, start: queueOffset, popTime, invisibleMs };
  }

  private doneInOrder({ group, topic, receipt }: HandedOut): boolean {
    const { queueId, queueOffset, popTime } = receipt;
    const committed = this.store.offsets.query(group, topic, queueId) ?? 0;
    if (queueOffset < committed) return false;
    const moved = this.memory.ordered.done({ group, topic, queueId }, queueOffset, popTime);
    if (moved === 'unknown')
      throw new StatusError(
        'INVALID_PARAMETER',
        `offset ${queueOffset} of queue ${queueId} is not handed out`,
      );
    if (moved === 'late') return false;
    if (moved !== undefined) {
      this.store.offsets.commit(group, topic, queueId, moved);
      this.look(topic, group);
    }
    return true;
  }

  private changeInOrder(
    { group, topic, receipt }: HandedOut,
    invisibleMs: number,
    uncounted: boolean,
  ): Receipt | undefined {
    const { queueId, queueOffset, popTime } = receipt;
    if (queueOffset < (this.store.offsets.query(group, topic, queueId) ?? 0)) return undefined;
    const visibleAt = this.clock.now() + invisibleMs;
    const place = { group, topic, queueId };
    const changed = this.memory.ordered.change(place, queueOffset, popTime, visibleAt, uncounted);
    if (changed === undefined) return undefined;
    this.look(topic, group);
    return { ...receipt, invisibleMs: visibleAt - popTime };
  }

  /** A queue read in order may have something now. */
  private look(topic: string, group: string): void {
    if (partsOfLite(topic)) this.lite.look(topic, group);
    else this.held.look(topic, group);
  }

  private mustExist(name: string, { queueId, queueOffset }: Receipt, last: number): void {
    const topic = this.topics.find(shownTopicOf(name));
    if (!topic) throw new StatusError('TOPIC_NOT_EXIST', `topic[${name}] not exist, apply first please!`);
    const queues = groupOfRetryTopic(name) === undefined ? topic.readQueueNums : Infinity;
    if (queueId < 0 || queueId >= queues)
      throw new StatusError(
        'MESSAGE_ILLEGAL',
        `queueId[${queueId}] is illegal, topic:[${name}] topicConfig.readQueueNums:[${topic.readQueueNums}]`,
      );
    const first = this.store.minOffset(name, queueId);
    if (queueOffset < first || queueOffset > last)
      throw new StatusError(
        'NO_MESSAGE',
        `request offset not exist, topic:${name} queueId:${queueId} offset:${queueOffset} min:${first} max:${last}`,
      );
  }
}
