import { request } from '../request-spec.js';
import { sendMessageFields } from './send-message.js';

/** The letters of SEND_MESSAGE_V2: the table is in send-message.ts. */
export const sendMessageLetters = {
  producerGroup: 'a',
  topic: 'b',
  defaultTopic: 'c',
  defaultTopicQueueNums: 'd',
  queueId: 'e',
  sysFlag: 'f',
  bornTimestamp: 'g',
  flag: 'h',
  properties: 'i',
  reconsumeTimes: 'j',
  unitMode: 'k',
  maxReconsumeTimes: 'l',
  batch: 'm',
  bname: 'n',
};

/* SEND_MESSAGE_V2 (310), producer and retrying consumer → broker: SEND_MESSAGE with one-letter field names. */
export const sendMessageV2 = request(
  'SEND_MESSAGE_V2',
  { permission: 'pub', lane: 'send', wireNames: sendMessageLetters },
  sendMessageFields,
);
