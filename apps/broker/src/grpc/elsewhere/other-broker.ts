import {
  changedReceipt,
  changeMessageInvisibletime,
  consumerSendMsgBack,
  decodeOffsetMessageId,
  decodeRecords,
  decodeResetOffsets,
  endTransaction,
  formatProperties,
  formatReceipt,
  getMaxOffset,
  getMinOffset,
  invokeBrokerToResetOffset,
  notification,
  notificationResponse,
  offsetResponse,
  PropertyName,
  pullMessage,
  pullMessageResponse,
  queryConsumerOffset,
  recallMessage,
  recallMessageResponse,
  ResponseCode,
  searchOffsetByTimestamp,
  sendBatchMessage,
  sendMessageResponse,
  sendMessageV2,
  STATUS,
  statusOfCode,
  updateConsumerOffset,
  type Command,
  type EndTransactionHeader,
  type InvokeBrokerToResetOffsetHeader,
  type PullMessageHeader,
  type QueueTable,
  type Receipt,
  type SendMessageHeader,
  type SendMessageResponseHeader,
} from '@halfmq/remoting';
import type { HandedOut } from '../../consume/pop/acknowledge.js';
import type { Buried, ReceivedMessage, ReceiveRequest } from '../../consume/pop/receive.js';
import type { GroupConfig } from '../../directory/group-config.js';
import { plainHeader } from '../../produce/plain-header.js';
import type { Broker, Kinds, Placed, Producer, Pulled, QueuePlace } from '../brokers.js';
import { Refusal } from '../codes.js';
import { refuseOtherType } from '../message-types.js';
import type { SentMessage } from '../sent-message.js';
import { Acks } from './acks.js';
import type { Announcements } from './announcements.js';
import type { Descriptions } from './descriptions.js';
import { Pops } from './pops.js';
import { refused, type Question, type Wire } from './wire.js';

/** over the time a request may be held */
const PATIENCE_MS = 5_000;

export interface Elsewhere {
  readonly wire: Wire;
  readonly descriptions: Descriptions;
  readonly announcements: Announcements;
}

/** Where it lies; the code says how safely. */
export type Stored = SendMessageResponseHeader & Pick<Command, 'code' | 'remark'>;

/** A broker that is asked over the wire: ours, or Apache RocketMQ's. */
export class OtherBroker implements Broker {
  private readonly pops: Pops;
  private readonly acks: Acks;

  constructor(
    readonly name: string,
    /** ip:port */
    readonly address: string,
    private readonly elsewhere: Elsewhere,
  ) {
    this.pops = new Pops(this, (question) => elsewhere.wire.ask(address, question));
    this.acks = new Acks(name, address, elsewhere.wire);
  }

  group(name: string): Promise<GroupConfig> {
    return this.elsewhere.descriptions.group(this.address, name);
  }

  kinds(topic: string): Promise<Kinds> {
    return this.elsewhere.descriptions.kinds(this.address, topic);
  }

  async send(topic: string, message: SentMessage, _: Producer, queueId = -1): Promise<Placed> {
    if (message.type === 'LITE') throw this.noLiteTopics();
    refuseOtherType(await this.kinds(topic), message.type);
    // who is asked about it must be known before it is there
    if (message.type === 'TRANSACTION') await this.elsewhere.announcements.heard(topic, this.address);
    const { sysFlag, bornTimestamp, body } = message;
    // Apache RocketMQ reads the group of a half message there, and nowhere else
    const properties = formatProperties([[PropertyName.PGROUP, topic]]) + message.properties;
    const header = plainHeader({ producerGroup: topic, topic, bornTimestamp, sysFlag, properties });
    const stored = await this.put({ ...header, queueId }, body);
    const { code, remark, msgId, queueOffset, recallHandle } = stored;
    const physicalOffset = decodeOffsetMessageId(msgId)?.physicalOffset ?? 0;
    return { status: statusOf({ code, remark }), offset: queueOffset, physicalOffset, recallHandle };
  }

  /** A send as it is. @throws StatusError it is not stored; RemotingError */
  async put(header: SendMessageHeader, body: Buffer): Promise<Stored> {
    const spec = header.batch === true ? sendBatchMessage : sendMessageV2;
    const answer = await this.elsewhere.wire.ask(this.address, {
      spec,
      header: { ...header, bname: this.name },
      body,
    });
    if (!STORED.has(answer.code)) throw refused(answer);
    const { code, remark } = answer;
    return { ...sendMessageResponse.decode(answer.extFields ?? {}), code, remark };
  }

  async endTransaction(verdict: EndTransactionHeader): Promise<void> {
    await this.call({ spec: endTransaction, header: { ...verdict, bname: this.name } });
  }

  async recall(topic: string, recallHandle: string): Promise<string> {
    const header = { producerGroup: topic, topic, recallHandle, bname: this.name };
    const answer = await this.call({ spec: recallMessage, header });
    return recallMessageResponse.decode(answer.extFields ?? {}).msgId;
  }

  receive(request: ReceiveRequest, gone: AbortSignal): Promise<readonly ReceivedMessage[]> {
    if (request.liteClient !== undefined) return Promise.reject(this.noLiteTopics());
    return this.pops.receive(request, gone);
  }

  /** Whether there is something to receive: at once when there is, or when it has waited so long. */
  async finds(
    { group: consumerGroup, topic, ordered: order }: Pick<ReceiveRequest, 'group' | 'topic' | 'ordered'>,
    pollTime: number,
  ): Promise<boolean> {
    const header = { consumerGroup, topic, queueId: -1, pollTime, bornTime: 0, order, bname: this.name };
    const timeoutMs = pollTime + PATIENCE_MS;
    const answer = await this.call({ spec: notification, header, timeoutMs });
    return notificationResponse.decode(answer.extFields ?? {}).hasMsg;
  }

  subscribeLite(): never {
    throw this.noLiteTopics();
  }

  /** Who wants which is known where they lie, and RocketMQ's requests for them are not spoken here. */
  private noLiteTopics(): Refusal {
    return new Refusal(
      'NOT_IMPLEMENTED',
      `lite topics are served at their broker's own gRPC door, not forwarded: broker ${this.name} is elsewhere`,
    );
  }

  done(message: HandedOut): Promise<void> {
    return this.acks.done(message);
  }

  async change({ group, topic, receipt }: HandedOut, invisibleTime: number): Promise<Receipt | undefined> {
    const { queueId, queueOffset: offset } = receipt;
    const place = { consumerGroup: group, topic, queueId, extraInfo: formatReceipt(receipt), offset };
    const header = { ...place, invisibleTime, bname: this.name };
    const answer = await this.call({ spec: changeMessageInvisibletime, header });
    return changedReceipt(receipt, answer.extFields);
  }

  /** First into the dead letters, then done: a failure in between buries it twice, never not at all. */
  async bury(group: string, { record, receipt, liesIn }: Buried): Promise<void> {
    const { physicalOffset: offset } = record;
    // an Apache RocketMQ fails without the topic
    const header = {
      offset,
      group,
      delayLevel: -1,
      originTopic: liesIn,
      maxReconsumeTimes: 0,
      bname: this.name,
    };
    await this.call({ spec: consumerSendMsgBack, header });
    await this.done({ group, topic: liesIn, receipt });
  }

  async pull(header: PullMessageHeader, gone: AbortSignal): Promise<Pulled> {
    const timeoutMs = header.suspendTimeoutMillis + PATIENCE_MS;
    const asked = { spec: pullMessage, header: { ...header, bname: this.name }, timeoutMs };
    const answer = await unlessGone(gone, this.elsewhere.wire.ask(this.address, asked));
    if (!answer) return { code: ResponseCode.PULL_NOT_FOUND, nextOffset: header.queueOffset, records: [] };
    if (!PULLED.has(answer.code)) throw refused(answer);
    const { nextBeginOffset: nextOffset } = pullMessageResponse.decode(answer.extFields ?? {});
    const records = answer.code === ResponseCode.SUCCESS ? decodeRecords(answer.body) : [];
    return { code: answer.code, nextOffset, records };
  }

  async committed(consumerGroup: string, queue: QueuePlace): Promise<number | undefined> {
    const header = { consumerGroup, ...queue, setZeroIfNotFound: false, bname: this.name };
    const answer = await this.elsewhere.wire.ask(this.address, { spec: queryConsumerOffset, header });
    if (answer.code === STATUS.QUERY_NOT_FOUND.code) return undefined;
    if (answer.code !== ResponseCode.SUCCESS) throw refused(answer);
    return offsetIn(answer);
  }

  async commit(consumerGroup: string, queue: QueuePlace, commitOffset: number): Promise<void> {
    const header = { consumerGroup, ...queue, commitOffset, bname: this.name };
    await this.call({ spec: updateConsumerOffset, header });
  }

  async offsetAt(queue: QueuePlace, at: 'first' | 'end' | number): Promise<number> {
    const header = { ...queue, bname: this.name };
    if (at === 'first') return offsetIn(await this.call({ spec: getMinOffset, header }));
    if (at === 'end') return offsetIn(await this.call({ spec: getMaxOffset, header }));
    return offsetIn(await this.call({ spec: searchOffsetByTimestamp, header: { ...header, timestamp: at } }));
  }

  /** @returns the new offset of each queue */
  async reset(place: Omit<InvokeBrokerToResetOffsetHeader, 'isForce'>): Promise<QueueTable<number>> {
    const { body } = await this.call({
      spec: invokeBrokerToResetOffset,
      header: { ...place, isForce: true },
    });
    return decodeResetOffsets(body);
  }

  private call<H>(question: Question<H>): Promise<Command> {
    return this.elsewhere.wire.call(this.address, question);
  }
}

/** Stored, though perhaps not as safely as was asked for. */
const STORED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  STATUS.FLUSH_DISK_TIMEOUT.code,
  STATUS.FLUSH_SLAVE_TIMEOUT.code,
  STATUS.SLAVE_NOT_AVAILABLE.code,
]);
/** Answered, whatever was found. */
const PULLED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  STATUS.PULL_NOT_FOUND.code,
  STATUS.PULL_RETRY_IMMEDIATELY.code,
  STATUS.PULL_OFFSET_MOVED.code,
]);

function statusOf({ code, remark }: Pick<Command, 'code' | 'remark'>): Placed['status'] {
  const { grpc, meaning } = STATUS[statusOfCode(code)];
  return code === ResponseCode.SUCCESS
    ? { code: grpc, message: 'OK' }
    : { code: grpc, message: remark ?? meaning };
}

const offsetIn = (answer: Command): number => offsetResponse.decode(answer.extFields ?? {}).offset;

/** Undefined as soon as nobody waits for it. */
export function unlessGone<T>(gone: AbortSignal, answer: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined);
    if (gone.aborted) leave();
    gone.addEventListener('abort', leave, { once: true });
    answer.then(resolve, reject).finally(() => gone.removeEventListener('abort', leave));
  });
}
