export { ConfigError, resolveSettings } from './config/resolve-config.js';
export { printSettings } from './config/print-settings.js';
export { startBroker, type BrokerOptions, type RunningBroker } from './broker.js';
