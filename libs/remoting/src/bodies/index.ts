/** JSON bodies: what they hold, how they are written, and a reader for every dialect they come in. */
export { parseLenientJson } from './lenient-json.js';
export { formatJson, jsonBody } from './json-text.js';
export * from './assignment.js';
export * from './batch-ack.js';
export * from './body-reader.js';
export * from './client-connections.js';
export * from './cluster-info.js';
export * from './data-version.js';
export * from './heartbeat.js';
export * from './lists.js';
export * from './lock-batch.js';
export type { MessageQueue, QueueTable } from './message-queue.js';
export * from './register-broker.js';
export * from './reset-offset.js';
export * from './route.js';
export * from './stats.js';
export * from './subscription-group.js';
export * from './topic-config.js';
