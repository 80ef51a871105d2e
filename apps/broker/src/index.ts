export { systemClock } from '@halfmq/remoting';
export { ConfigError, printSettings } from '@halfmq/remoting/settings';
export { resolveSettings } from './config/resolve-config.js';
export { startBroker, type BrokerOptions, type RunningBroker } from './broker.js';
export { channels } from './channels.js';
export { deadLetterTopicOf, groupOfRetryTopic, SystemTopic } from './directory/topic-names.js';
export type { HalfMessage, MessageStore, Verdict } from '@halfmq/store';
