import { decodeOffsetMessageId, decodeRecord, sendMessageResponse, viewMessageById } from '@halfmq/remoting';
import type { Command, MessageRecord, SendMessageHeader, SendMessageResponseHeader } from '@halfmq/remoting';
import type { InProcessBroker } from './in-process.js';

/** A send as a plain client makes it; the topic is made by it, with four queues. */
export function sendHeader(topic: string, more: Partial<SendMessageHeader> = {}): SendMessageHeader {
  return {
    producerGroup: 'senders',
    topic,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    flag: 0,
    ...more,
  };
}

/** The header of a send's answer. */
export function sent(answer: Command): SendMessageResponseHeader {
  return sendMessageResponse.decode(answer.extFields ?? {});
}

/** The stored record of an answered send, by its offset message id. */
export async function stored(broker: InProcessBroker, answer: Command): Promise<MessageRecord> {
  const id = decodeOffsetMessageId(sent(answer).msgId);
  const view = await broker.ask(viewMessageById, { offset: id?.physicalOffset ?? -1 });
  return decodeRecord(view.body);
}
