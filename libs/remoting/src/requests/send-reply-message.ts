import { request } from '../request-spec.js';
import { sendMessageFields } from './send-message.js';
import { sendMessageLetters } from './send-message-v2.js';

/*
 * SEND_REPLY_MESSAGE (324) and SEND_REPLY_MESSAGE_V2 (325), consumer of a request → the broker it came from: headers and body
 * of SEND_MESSAGE and SEND_MESSAGE_V2. The properties name whom it answers: CORRELATION_ID, REPLY_TO_CLIENT, MSG_TYPE=reply.
 * answer: as a send's; without one that was stored msgId "0", queueOffset 0
 */
export const sendReplyMessage = request(
  'SEND_REPLY_MESSAGE',
  { permission: 'pub', lane: 'send' },
  sendMessageFields,
);
export const sendReplyMessageV2 = request(
  'SEND_REPLY_MESSAGE_V2',
  { permission: 'pub', lane: 'send', wireNames: sendMessageLetters },
  sendMessageFields,
);
