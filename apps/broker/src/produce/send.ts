import {
  PropertyName,
  SendAnswerFrames,
  SendAnswerRegion,
  SendMessageAnswer,
  StatusError,
  SysFlag,
  formatRecallHandle,
  propertyOf,
  type Clock,
  type Host,
  type Peer,
  type PlainSend,
  type RequestContext,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { BatchPlaces, NewMessage, Place, Stored, Waits } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { LiteTopics } from '../directory/lite-topics.js';
import type { TopicConfig } from '../directory/topic-config.js';
import type { Delay } from './delay.js';
import { deadLetterProperties, type Destination } from './destination.js';
import { halfMessage, isHalf } from './half.js';
import { liteTopicOf, queueOfPriority, refuseOtherType, takesAll } from './message-type.js';
import type { OffsetMessageIds } from './offset-message-ids.js';
import { BatchToStore, PlainToStore } from './plain-message.js';
import type { Put } from './put.js';
import type { BrokerProperties } from './send-properties.js';

/** Who sends, by whatever door. */
export interface Sender {
  readonly bornHost: Host;
  /** of the client, see Version */
  readonly version: number;
  /** undefined: it cannot be asked about half messages, so it may not send any */
  readonly context?: Pick<RequestContext, 'peer' | 'version' | 'language'> | undefined;
}

/** Everything between a send's header and its answer; codes 10, 310 and 320 and the HTTP door end here. */
export class Send {
  readonly region: SendAnswerRegion;
  readonly answerFrames: SendAnswerFrames;
  readonly syncs: boolean;
  private readonly toStore = new PlainToStore();

  constructor(
    private readonly config: BrokerConfig,
    private readonly clock: Clock,
    private readonly destination: Destination,
    private readonly properties: BrokerProperties,
    private readonly clients: Clients,
    private readonly put: Put,
    private readonly delay: Delay,
    private readonly ids: OffsetMessageIds,
    private readonly liteTopics: LiteTopics,
    /** why a send is refused now */
    readonly refusal: (waitedMs: number) => StatusError | undefined,
  ) {
    this.region = new SendAnswerRegion(config.regionId, config.traceOn);
    this.answerFrames = new SendAnswerFrames(this.region, (physicalOffset) => ids.of(physicalOffset));
    this.syncs = config.flushDiskType === 'SYNC_FLUSH';
  }

  /**
   * @param stored called once, after this has returned; the answer is good when it comes without an error
   * @throws StatusError, StoreError: nothing was placed
   */
  message(header: SendMessageHeader, body: Buffer, sender: Sender, stored: Stored): SendMessageAnswer {
    const refusal = this.refusal(sender.context?.peer.waitedMs ?? 0);
    if (refusal) throw refusal;
    this.refuseBeforeStart();
    let topic = this.destination.topic(header);
    let queueId = this.destination.queue(topic, header.queueId);
    queueId = queueOfPriority(header.properties ?? '', topic) ?? queueId;
    if (this.config.enableTopicMessageTypeCheck) refuseOtherType(topic, header.properties ?? '');
    if (header.batch === true) {
      const waits = this.waits(header);
      const places = this.batch({ ...header, queueId }, body, sender.bornHost, topic, waits, stored);
      const ids = places.physicalOffsets.map((offset) => this.ids.of(offset));
      return this.answer(ids.join(','), queueId, places, undefined);
    }
    const liteTopic = liteTopicOf(header.properties ?? '', topic);
    if (liteTopic !== undefined)
      [topic, queueId] = [{ ...topic, topicName: this.liteTopics.admit(topic, liteTopic) }, 0];
    const deadLetter = this.destination.deadLetter(header, sender.version);
    const { properties, uniqueKey } = this.properties.add(
      deadLetter ? deadLetterProperties(header.properties ?? '') : (header.properties ?? ''),
    );
    if (deadLetter) [topic, queueId] = [deadLetter, 0];
    this.refuseBody(body);
    const waits = this.waits(header);
    const message = newMessage(header, topic, queueId, sender.bornHost, body, properties, waits);
    if (isHalf(properties, message.reconsumeTimes)) {
      const place = this.half(message, uniqueKey, header.producerGroup, sender, stored);
      return this.answer(this.ids.of(place.physicalOffset), queueId, place, uniqueKey);
    }
    const place = this.put.message(plain(message), stored);
    const recall = this.recallHandle(message, uniqueKey, place);
    return this.answer(this.ids.of(place.physicalOffset), queueId, place, uniqueKey, recall);
  }

  /** Of a message that asked for a time; those that wait by a level, retries among them, cannot be taken back. */
  private recallHandle(
    { topic, properties, reconsumeTimes }: NewMessage,
    uniqueKey: string,
    { deliverAt, physicalOffset }: Place & { readonly deliverAt?: number },
  ): string | undefined {
    if (deliverAt === undefined || reconsumeTimes > 0) return undefined;
    if (propertyOf(properties, PropertyName.DELAY) !== undefined) return undefined;
    const { brokerName } = this.config;
    return formatRecallHandle({ topic, brokerName, deliverAt, uniqueKey, physicalOffset });
  }

  /**
   * A plain send: what `message` does with it, without a string. Its queueId says afterwards which was chosen.
   * @throws StatusError, StoreError: nothing was placed
   */
  plain(send: PlainSend, peer: Peer, stored: Stored): Place {
    this.refuseBeforeStart();
    const topic = this.destination.topic(send);
    send.queueId = this.destination.queue(topic, send.queueId);
    if (this.config.enableTopicMessageTypeCheck) this.refuseOtherTypeThan(topic, send);
    this.refuseBody(send.body);
    this.properties.addTo(send.propertyBytes);
    const { toStore } = this;
    // its WAIT is true or not given
    toStore.waits = this.syncs ? 'in-time' : undefined;
    toStore.from(send, topic.topicName, sysFlagOf(send, topic), peer.remoteHost).with(send);
    return send.propertyBytes.isHalf ? this.plainHalf(send, peer, stored) : this.put.plain(toStore, stored);
  }

  private plainHalf(send: PlainSend, peer: Peer, stored: Stored): Place {
    this.refuseHalves();
    this.clients.sentHalf(send.producerGroup, this.toStore.topic, peer, send);
    return this.put.plainHalf(this.toStore.half(send), stored);
  }

  /** A plain send that is a batch. @throws StatusError, StoreError: nothing was placed */
  plainBatch(send: PlainSend, bornHost: Host, stored: Stored): BatchPlaces {
    this.refuseBeforeStart();
    const topic = this.destination.topic(send);
    send.queueId = this.destination.queue(topic, send.queueId);
    if (this.config.enableTopicMessageTypeCheck) this.refuseOtherTypeThan(topic, send);
    return this.batch(send, send.body, bornHost, topic, this.syncs ? 'in-time' : undefined, stored);
  }

  private half(
    message: NewMessage,
    uniqueKey: string,
    producerGroup: string,
    sender: Sender,
    stored: Stored,
  ): Place {
    if (!sender.context) throw this.halvesAreForbidden();
    this.refuseHalves();
    // a delay begins at the commit; an illegal one is refused now, while the producer can still do something about it
    this.delay.of(message);
    this.clients.sentHalf(producerGroup, message.topic, sender.context.peer, sender.context);
    return this.put.message(halfMessage(message, uniqueKey, producerGroup), stored);
  }

  /** Of one that is in bytes: they are made text where the topic asks. */
  private refuseOtherTypeThan(topic: TopicConfig, { propertyBytes }: PlainSend): void {
    if (!takesAll(topic)) refuseOtherType(topic, propertyBytes.toString());
  }

  private refuseHalves(): void {
    if (this.config.rejectTransactionMessage) throw this.halvesAreForbidden();
  }

  private halvesAreForbidden(): StatusError {
    return new StatusError(
      'NO_PERMISSION',
      `the broker[${this.config.brokerIP1}] sending transaction message is forbidden`,
    );
  }

  /** @param header with the queue that was chosen */
  private batch(
    header: SendMessageHeader,
    body: Buffer,
    bornHost: Host,
    topic: TopicConfig,
    waits: Waits | undefined,
    stored: Stored,
  ): BatchPlaces {
    this.refuseBody(body);
    const sysFlag = sysFlagOf(header, topic) & ~SysFlag.TRANSACTION_MASK;
    const envelope = this.toStore.from(header, topic.topicName, sysFlag, bornHost);
    envelope.waits = waits;
    return this.put.batch(new BatchToStore(envelope, body), stored);
  }

  private answer(
    msgId: string,
    queueId: number,
    { queueOffset }: Pick<Place, 'queueOffset'>,
    uniqueKey: string | undefined,
    recallHandle?: string,
  ): SendMessageAnswer {
    return new SendMessageAnswer(msgId, queueId, queueOffset, uniqueKey, this.region, recallHandle);
  }

  /** Message.isWaitStoreMsgOK: everything but "true" says no. */
  private waits({ properties }: SendMessageHeader): Waits | undefined {
    if (!this.syncs) return undefined;
    const wait = propertyOf(properties ?? '', PropertyName.WAIT);
    return wait === undefined || wait.toLowerCase() === 'true' ? 'in-time' : 'commit';
  }

  private refuseBeforeStart(): void {
    const from = this.config.startAcceptSendRequestTimeStamp;
    if (from > 0 && this.clock.now() < from) {
      throw new StatusError(
        'SYSTEM_ERROR',
        `broker unable to service, until ${new Date(from).toISOString()}`,
      );
    }
  }

  private refuseBody(body: Buffer): void {
    if (body.length === 0) throw new StatusError('MESSAGE_ILLEGAL', 'the message body is empty');
    if (body.length > this.config.maxMessageSize) {
      throw new StatusError(
        'MESSAGE_ILLEGAL',
        `the message body has ${body.length} bytes, the limit is maxMessageSize ${this.config.maxMessageSize}`,
      );
    }
  }
}

function newMessage(
  header: SendMessageHeader,
  topic: TopicConfig,
  queueId: number,
  bornHost: Host,
  body: Buffer,
  properties: string,
  waits: Waits | undefined,
): NewMessage {
  return {
    topic: topic.topicName,
    queueId,
    flag: header.flag,
    sysFlag: sysFlagOf(header, topic),
    bornTimestamp: header.bornTimestamp,
    bornHost,
    reconsumeTimes: header.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body,
    properties,
    waits,
  };
}

/** @throws StatusError MESSAGE_ILLEGAL */
function sysFlagOf(header: SendMessageHeader, topic: TopicConfig): number {
  if ((header.sysFlag & SysFlag.INNER_BATCH) !== 0) throw innerBatch(topic);
  return header.sysFlag | (topic.topicFilterType === 'MULTI_TAG' ? SysFlag.MULTI_TAGS : 0);
}

/**
 * A record that holds several messages has an offset for each of them in RocketMQ, and its clients count on that: one
 * record with one offset would lose messages in their memory. A batch is what holds several here.
 */
function innerBatch({ topicName }: TopicConfig): StatusError {
  return new StatusError(
    'MESSAGE_ILLEGAL',
    `an inner batch is not taken by topic ${topicName}: send its messages as a batch (SEND_BATCH_MESSAGE)`,
  );
}

/** A message of its own: one that says "prepared" and is none would lie in its queue without ever being delivered. */
function plain(message: NewMessage): NewMessage {
  if ((message.sysFlag & SysFlag.TRANSACTION_MASK) === 0) return message;
  return { ...message, sysFlag: message.sysFlag & ~SysFlag.TRANSACTION_MASK };
}
