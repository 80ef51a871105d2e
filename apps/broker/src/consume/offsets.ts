import { totalmem } from 'node:os';
import {
  DONE,
  readLong,
  RecordField,
  StatusError,
  type GetEarliestMsgStoretimeHeader,
  type Log,
  type Outcome,
  type QueryConsumerOffsetHeader,
  type SearchOffsetByTimestampHeader,
  type UpdateConsumerOffsetHeader,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { Groups } from '../directory/groups.js';
import type { Topics } from '../directory/topics.js';
import type { Resets } from './resets.js';

/** A queue as the requests about offsets name it. */
interface Queue {
  readonly topic: string;
  readonly queueId: number;
}

/** What RocketMQ takes as lying in memory: so far behind the log's end (accessMessageInMemoryMaxRatio). */
const RESIDENT_BYTES = 0.4 * totalmem();

/** Where groups read on, and where queues begin and end. */
export class Offsets {
  constructor(
    private readonly store: MessageStore,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly resets: Resets,
    private readonly log: Log,
  ) {}

  /**
   * QUERY_CONSUMER_OFFSET. Where nothing is stored a group begins at 0 on a young queue, whatever its policy says:
   * as long as the queue's first message is there and recent enough to lie in memory, or has yet to come. RocketMQ does not
   * know then, and a client that asks for the queue's end next skips a message that comes between its two questions.
   */
  query(header: QueryConsumerOffsetHeader): Outcome {
    const { consumerGroup, topic, queueId } = header;
    const stored = this.store.offsets.query(consumerGroup, topic, queueId);
    if (stored !== undefined) return offsetAnswer(stored);
    if (header.setZeroIfNotFound !== false && this.isYoung(header)) return offsetAnswer(0);
    return {
      status: 'QUERY_NOT_FOUND',
      remark: `Not found, maybe this group consumer boot first: ${consumerGroup}, ${topic} ${queueId}`,
    };
  }

  /**
   * UPDATE_CONSUMER_OFFSET: the offset is the next one to consume. Smaller ones are taken too: tools reset that way. One
   * beyond the queue's end speaks of a queue that is gone (its topic was deleted and made anew), and would skip what
   * comes; RocketMQ takes it.
   */
  update(header: UpdateConsumerOffsetHeader): Outcome {
    const { consumerGroup: group, topic: name, queueId, commitOffset } = header;
    if (!this.groups.find(group))
      throw new StatusError('SUBSCRIPTION_GROUP_NOT_EXIST', `Group ${group} not exist!`);
    const topic = this.topics.find(name);
    if (!topic) throw new StatusError('TOPIC_NOT_EXIST', `Topic ${name} not exist!`);
    if (queueId < 0 || queueId >= topic.readQueueNums)
      throw new StatusError(
        'INVALID_PARAMETER',
        `queueId expected 0 to ${topic.readQueueNums - 1}, got ${queueId}`,
      );
    if (commitOffset < 0)
      throw new StatusError('INVALID_PARAMETER', `commitOffset expected 0 or more, got ${commitOffset}`);
    const end = this.store.maxOffset(name, queueId);
    if (commitOffset > end)
      throw new StatusError('INVALID_PARAMETER', `commitOffset expected at most ${end}, got ${commitOffset}`);
    // a member that has not heard of its new offset yet
    if (this.resets.pending(group, name, queueId) !== undefined) return DONE;
    const before = this.store.offsets.query(group, name, queueId);
    if (before !== undefined && commitOffset < before)
      this.log.warn('a consumer offset goes back', {
        group,
        topic: name,
        queueId,
        from: before,
        to: commitOffset,
      });
    this.store.offsets.commit(group, name, queueId, commitOffset);
    return DONE;
  }

  max({ topic, queueId }: Queue): Outcome {
    return offsetAnswer(this.store.maxOffset(topic, queueId));
  }

  min({ topic, queueId }: Queue): Outcome {
    return offsetAnswer(this.store.minOffset(topic, queueId));
  }

  byTime({ topic, queueId, timestamp, boundaryType }: SearchOffsetByTimestampHeader): Outcome {
    const boundary = boundaryType?.toUpperCase() === 'UPPER' ? 'UPPER' : 'LOWER';
    return offsetAnswer(this.store.offsetByTime(topic, queueId, timestamp, boundary));
  }

  earliestStoreTime({ topic, queueId }: GetEarliestMsgStoretimeHeader): Outcome {
    const first = this.store.minOffset(topic, queueId);
    return { status: 'OK', header: { timestamp: this.store.storeTimeAt(topic, queueId, first) ?? -1 } };
  }

  /** Its first message is there, and recent enough to lie in memory. */
  isYoung({ topic, queueId }: Queue): boolean {
    if (this.store.minOffset(topic, queueId) > 0) return false;
    const { records, giveBack } = this.store.read(topic, queueId, 0, { maxMessages: 1, maxBytes: 1 });
    const [first] = records;
    if (!first) return this.isUntouched(topic, queueId);
    const begin = readLong(first, RecordField.PHYSICAL_OFFSET);
    giveBack();
    return this.store.maxPhysicalOffset - begin <= RESIDENT_BYTES;
  }

  private isUntouched(name: string, queueId: number): boolean {
    const queues = this.topics.find(name)?.readQueueNums ?? 0;
    return queueId >= 0 && queueId < queues && this.store.maxOffset(name, queueId) === 0;
  }
}

function offsetAnswer(offset: number): Outcome {
  return { status: 'OK', header: { offset } };
}
