import { request } from '../request-spec.js';
import { pullMessageFields } from './pull-message.js';

/* LITE_PULL_MESSAGE (361), 5.x lite pull consumer → broker: PULL_MESSAGE under another number. */
export const litePullMessage = request(
  'LITE_PULL_MESSAGE',
  { permission: 'sub', lane: 'pull' },
  pullMessageFields,
);
