import { request } from '../request-spec.js';
import { sendMessageLetters } from './send-message-v2.js';
import { sendMessageFields } from './send-message.js';

/* SEND_BATCH_MESSAGE (320), producer → broker: SEND_MESSAGE_V2 with m=true; the body is a row of batch records. */
export const sendBatchMessage = request(
  'SEND_BATCH_MESSAGE',
  { permission: 'pub', lane: 'send', wireNames: sendMessageLetters },
  sendMessageFields,
);
