export { HalfmqServer } from './halfmq-server.js';
export { HalfmqClient } from './halfmq-client.js';
export { MessageContext } from '../nest/message-context.js';
export { HalfmqRecord } from './halfmq-record.js';
export type { HalfmqClientOptions, HalfmqServerOptions } from './options.js';
export type { TopicOfPattern } from './patterns.js';
export * from '../errors.js';
export type { ReceivedMessage, SendReceipt } from '../message.js';
export type { SendOptions } from '../topic.js';
