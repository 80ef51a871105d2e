export { every, ManualClock, silentLog, systemClock } from '@halfmq/remoting';
export type { Cancel, Clock, Log } from '@halfmq/remoting';
export * from './duration.js';
export * from './errors.js';
export * from './message.js';
export type * from './client-options.js';
export type * from './consumer/consumer-options.js';
