import {
  createUniqueKey,
  CURRENT_VERSION,
  encodeOffsetMessageId,
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
import { realPlace } from './stored-message.js';
import type { Send } from './send.js';
import { requestOf, sentMessages, type Messages, type Placed, type SentMessage } from './sent-messages.js';

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
    const { topic, bornHost } = given;
    const { header, body } = requestOf(given, uniqueKeys, this.clock.now());
    const answer = await this.stored(this.placed(header, given), body, bornHost);
    return sentMessages(topic, this.config.brokerName, uniqueKeys, answer);
  }

  private stored(header: SendMessageHeader, body: Buffer, bornHost: Host): Promise<SendMessageAnswer> {
    return new Promise((resolve, reject) => {
      const sender = { bornHost, version: CURRENT_VERSION };
      const placed = this.sends.message(header, body, sender, (error) =>
        error ? reject(error) : resolve(placed),
      );
    });
  }

  private placed(header: SendMessageHeader, { orderingKey }: Messages): SendMessageHeader {
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
