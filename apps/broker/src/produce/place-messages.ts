import {
  createUniqueKey,
  CURRENT_VERSION,
  encodeBatch,
  encodeOffsetMessageId,
  formatProperties,
  formatRecallHandle,
  PropertyName,
  propertyOf,
  type Clock,
  type Host,
  type MessageRecord,
  type SendMessageAnswer,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Destination } from './destination.js';
import type { Once } from './once.js';
import { queueOfKey } from './ordering-key.js';
import { plainHeader } from './plain-header.js';
import { realPlace } from './stored-message.js';
import type { Send } from './send.js';

/** Answer 201 of a send. */
export interface SentMessage {
  /** UNIQ_KEY, the id by which it is found */
  readonly messageId: string;
  readonly offsetMessageId: string;
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly offset: number;
  /** of one that waits for its time: takes it back */
  readonly recallHandle?: string | undefined;
}

/** Messages as a door without RocketMQ's headers has read them. */
export interface Messages {
  readonly topic: string;
  readonly messages: readonly { readonly body: Buffer; readonly properties: string }[];
  /** true: one append, all or none; messages of a batch have no delay */
  readonly batch: boolean;
  readonly orderingKey: string | undefined;
  readonly bornHost: Host;
  /** made of the Idempotency-Key, one a message */
  readonly uniqueKeys: readonly string[] | undefined;
}

export interface Placed {
  readonly sent: readonly SentMessage[];
  /** false: an earlier call has sent them */
  readonly made: boolean;
}

const GROUP = 'HALFMQ_HTTP_PRODUCER';

/** Sends for doors that answer when it is stored: as by the wire, and once for each Idempotency-Key. */
export class PlaceMessages {
  constructor(
    private readonly config: Pick<BrokerConfig, 'brokerName'>,
    private readonly clock: Clock,
    private readonly sends: Send,
    private readonly destination: Destination,
    private readonly once: Once,
  ) {}

  /** Resolves when they are stored. @throws StatusError, StoreError */
  async place(given: Messages): Promise<Placed> {
    const { topic, messages, uniqueKeys } = given;
    if (!uniqueKeys) {
      const made = messages.map(() => createUniqueKey(this.clock));
      return { sent: await this.send(given, made), made: true };
    }
    const { answer, made } = await this.once.send(
      { topic, uniqueKeys, bodies: messages.map(({ body }) => body) },
      () => this.send(given, uniqueKeys),
      (records) => records.map((record) => this.known(topic, record)),
    );
    return { sent: answer, made };
  }

  private async send(given: Messages, uniqueKeys: readonly string[]): Promise<SentMessage[]> {
    const { topic, messages, batch, bornHost } = given;
    const named = messages.map(({ body, properties }, nth) => ({
      flag: 0,
      body,
      properties: properties + formatProperties([[PropertyName.UNIQ_KEY, uniqueKeys[nth] ?? '']]),
    }));
    const [first] = named;
    const header = this.header(given, batch ? undefined : first?.properties);
    const body = batch ? encodeBatch(named) : (first?.body ?? Buffer.alloc(0));
    const answer = await this.stored(header, body, bornHost);
    const { brokerName } = this.config;
    const { queueId, queueOffset, recallHandle } = answer;
    return answer.msgId.split(',').map((offsetMessageId, nth) => ({
      messageId: uniqueKeys[nth] ?? offsetMessageId,
      offsetMessageId,
      topic,
      brokerName,
      queueId,
      offset: queueOffset + nth,
      recallHandle,
    }));
  }

  private stored(header: SendMessageHeader, body: Buffer, bornHost: Host): Promise<SendMessageAnswer> {
    return new Promise((resolve, reject) => {
      const sender = { bornHost, version: CURRENT_VERSION };
      const placed = this.sends.message(header, body, sender, (error) =>
        error ? reject(error) : resolve(placed),
      );
    });
  }

  private header({ topic, batch, orderingKey }: Messages, properties: string | undefined): SendMessageHeader {
    const bornTimestamp = this.clock.now();
    const header = plainHeader({ producerGroup: GROUP, topic, bornTimestamp, properties, batch });
    if (orderingKey === undefined) return header;
    const { writeQueueNums } = this.destination.topic(header);
    return { ...header, queueId: queueOfKey(orderingKey, writeQueueNums) };
  }

  /** What an earlier call was answered with, and would be again. */
  private known(topic: string, record: MessageRecord): SentMessage {
    const { brokerName } = this.config;
    const { storeHost, physicalOffset, queueOffset, properties } = record;
    const uniqueKey = propertyOf(properties, PropertyName.UNIQ_KEY) ?? '';
    const place = { topic, brokerName, uniqueKey, physicalOffset };
    const waits = record.topic !== topic;
    const deliverAt = Number(propertyOf(properties, PropertyName.TIMER_OUT_MS));
    return {
      messageId: uniqueKey,
      offsetMessageId: encodeOffsetMessageId(storeHost, physicalOffset),
      topic,
      brokerName,
      queueId: (waits ? realPlace(record)?.queueId : undefined) ?? record.queueId,
      offset: queueOffset,
      recallHandle: waits ? formatRecallHandle({ ...place, deliverAt }) : undefined,
    };
  }
}
