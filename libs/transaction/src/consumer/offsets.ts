import {
  offsetResponse,
  queryConsumerOffset,
  ResponseCode,
  updateConsumerOffset,
  type Log,
  type MessageQueue,
} from '@halfmq/remoting';
import { refusal, type BrokerAddress, type BrokerRequests } from '../broker-requests.js';
import { Complaints } from '../complaints.js';
import { NoRoute } from '../errors.js';
import type { Routes } from '../routes/routes.js';
import { queueKey } from '../routes/topic-route.js';

/** How far a group, or this member of a broadcast, has come, queue by queue: the offset of the next message to handle. */
export interface Offsets {
  /** undefined: none yet. @throws when it cannot be found out now */
  read(queue: MessageQueue): Promise<number | undefined>;
  /** Remembers it until the next persist. */
  update(queue: MessageQueue, offset: number): void;
  /** Writes what has changed since the last time; `wait`: resolves when it is known to be written. Never rejects. */
  persist(wait: boolean): Promise<void>;
  /** Persists one queue and forgets it: another member goes on. Never rejects. */
  release(queue: MessageQueue): Promise<void>;
  /** What is remembered of a queue that is no more is not written. */
  forget(queue: MessageQueue): void;
}

interface Entry {
  readonly queue: MessageQueue;
  offset: number;
  written: number | undefined;
  /** the broker has said so: a one-way commit may still be on its way */
  confirmed: boolean;
}

/** Offsets of clustering consumers live at the queue's broker. */
export class RemoteOffsets implements Offsets {
  private readonly entries = new Map<string, Entry>();
  private readonly complaints: Complaints;

  constructor(
    log: Log,
    private readonly routes: Routes,
    private readonly brokers: BrokerRequests,
    private readonly group: string,
    /** as RocketMQ's clients have it: a young queue nobody has an offset of begins at 0, whatever was asked for */
    private readonly zeroInYoungQueues: boolean,
  ) {
    this.complaints = new Complaints(log);
  }

  async read(queue: MessageQueue): Promise<number | undefined> {
    const broker = this.brokerOf(queue);
    const header = {
      consumerGroup: this.group,
      topic: queue.topic,
      queueId: queue.queueId,
      setZeroIfNotFound: this.zeroInYoungQueues ? undefined : false,
      bname: queue.brokerName,
    };
    const answer = await this.brokers.ask(broker, { spec: queryConsumerOffset, header });
    if (answer.code === ResponseCode.QUERY_NOT_FOUND) return undefined;
    if (answer.code !== ResponseCode.SUCCESS) throw refusal(broker, answer);
    return offsetResponse.decode(answer.extFields ?? {}).offset;
  }

  update(queue: MessageQueue, offset: number): void {
    const key = queueKey(queue);
    const entry = this.entries.get(key);
    if (entry) entry.offset = offset;
    else this.entries.set(key, { queue, offset, written: undefined, confirmed: false });
  }

  async persist(wait: boolean): Promise<void> {
    await Promise.all([...this.entries.values()].map((entry) => this.write(entry, wait)));
  }

  async release(queue: MessageQueue): Promise<void> {
    const key = queueKey(queue);
    const entry = this.entries.get(key);
    this.entries.delete(key);
    if (entry) await this.write(entry, true);
  }

  forget(queue: MessageQueue): void {
    this.entries.delete(queueKey(queue));
  }

  private async write(entry: Entry, wait: boolean): Promise<void> {
    const { queue, offset } = entry;
    if (entry.written === offset && (entry.confirmed || !wait)) return;
    const header = {
      consumerGroup: this.group,
      topic: queue.topic,
      queueId: queue.queueId,
      commitOffset: offset,
      bname: queue.brokerName,
    };
    try {
      const broker = this.brokerOf(queue);
      if (wait) await this.brokers.call(broker, { spec: updateConsumerOffset, header });
      else await this.brokers.oneWay(broker, { spec: updateConsumerOffset, header });
      entry.written = offset;
      entry.confirmed = wait;
      this.complaints.settled(queue.brokerName);
    } catch (error) {
      const message = `offsets are not committed at ${queue.brokerName} now`;
      this.complaints.warn(queue.brokerName, message, { group: this.group, error });
    }
  }

  private brokerOf({ topic, brokerName }: MessageQueue): BrokerAddress {
    const address = this.routes.addressOf(brokerName);
    if (address === undefined) throw new NoRoute(topic, `broker ${brokerName} is not known now`);
    return { brokerName, address };
  }
}
