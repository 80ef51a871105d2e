import { createUniqueKey, parseRecallHandle, statusOfCode, StatusError, type Clock } from '@halfmq/remoting';
import type { OtherBroker } from '../grpc/elsewhere/other-broker.js';
import type { HeldElsewhere, OtherBrokers } from '../grpc/elsewhere/other-brokers.js';
import { reaching } from '../grpc/elsewhere/reaching.js';
import type { PlaceMessages } from '../produce/place-messages.js';
import type { Recall } from '../produce/recall.js';
import {
  requestOf,
  sentMessages,
  type Messages,
  type Placed,
  type SentMessage,
} from '../produce/sent-messages.js';
import { notHere } from './not-here.js';

/** Sends by HTTP, to brokers elsewhere. */
export class ForwardedMessages implements Pick<PlaceMessages, 'place'>, Pick<Recall, 'recall'> {
  constructor(
    private readonly clock: Clock,
    private readonly others: OtherBrokers,
  ) {}

  /** Resolves when they are stored. @throws StatusError, RemotingError */
  async place(given: Messages): Promise<Placed> {
    if (given.uniqueKeys) throw notHere('once');
    const uniqueKeys = given.messages.map(() => createUniqueKey(this.clock));
    const sent = await reaching(given.orderingKey, () => this.send(given, uniqueKeys));
    return { sent, made: true };
  }

  private async send(given: Messages, uniqueKeys: readonly string[]): Promise<SentMessage[]> {
    const { topic, orderingKey } = given;
    const { broker, queueId } = await toSend(this.others, topic, orderingKey);
    const { header, body } = requestOf(given, uniqueKeys, this.clock.now());
    const stored = await broker.put({ ...header, queueId }, body);
    const status = statusOfCode(stored.code);
    if (status !== 'OK') throw new StatusError(status, stored.remark);
    return sentMessages(topic, broker.name, uniqueKeys, stored);
  }

  async recall({ topic, recallHandle }: Parameters<Recall['recall']>[0]): Promise<string> {
    const named = parseRecallHandle(recallHandle)?.brokerName;
    const broker =
      named === undefined ? await this.others.toReceive(topic) : await this.others.named(named, topic);
    if (!broker) throw unknown(topic);
    return broker.recall(topic, recallHandle);
  }
}

/**
 * Who takes the next message, and in which queue.
 * @param preferred a broker's name: where it has the topic, and no order says otherwise
 * @throws StatusError TOPIC_NOT_EXIST
 */
export async function toSend(
  others: OtherBrokers,
  topic: string,
  orderingKey: string | undefined,
  preferred?: string,
): Promise<{ broker: OtherBroker; queueId: number }> {
  const among = (held: readonly HeldElsewhere[]) => {
    const there = orderingKey === undefined ? held.filter(({ broker }) => broker.name === preferred) : [];
    return others.toSend(topic, orderingKey, there.length > 0 ? there : held);
  };
  const found = (await among(await others.holding(topic))) ?? (await among(await others.making(topic)));
  if (found) return found;
  throw unknown(topic);
}

export const unknown = (topic: string): StatusError =>
  new StatusError('TOPIC_NOT_EXIST', `no broker has topic ${topic}, as the name servers know`);
