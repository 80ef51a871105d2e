import {
  encodeBatch,
  formatProperties,
  PropertyName,
  type Host,
  type SendMessageAnswer,
  type SendMessageHeader,
} from '@halfmq/remoting';
import { plainHeader } from './plain-header.js';

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

/** One send in the words of the wire; its queue is still open. */
export function requestOf(
  { topic, messages, batch }: Messages,
  uniqueKeys: readonly string[],
  bornTimestamp: number,
): { readonly header: SendMessageHeader; readonly body: Buffer } {
  const named = messages.map(({ body, properties }, nth) => ({
    flag: 0,
    body,
    properties: properties + formatProperties([[PropertyName.UNIQ_KEY, uniqueKeys[nth] ?? '']]),
  }));
  const [first] = named;
  const properties = batch ? undefined : first?.properties;
  return {
    header: plainHeader({ producerGroup: GROUP, topic, bornTimestamp, properties, batch }),
    body: batch ? encodeBatch(named) : (first?.body ?? Buffer.alloc(0)),
  };
}

type Answer = Pick<SendMessageAnswer, 'msgId' | 'queueId' | 'queueOffset' | 'recallHandle'>;

/** What is told of the messages of one send. */
export function sentMessages(
  topic: string,
  brokerName: string,
  uniqueKeys: readonly string[],
  { msgId, queueId, queueOffset, recallHandle }: Answer,
): SentMessage[] {
  return msgId.split(',').map((offsetMessageId, nth) => ({
    messageId: uniqueKeys[nth] ?? offsetMessageId,
    offsetMessageId,
    topic,
    brokerName,
    queueId,
    offset: queueOffset + nth,
    recallHandle,
  }));
}
