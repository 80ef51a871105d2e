export { systemClock } from '@halfmq/remoting';
export { ConfigError, printSettings } from '@halfmq/remoting/settings';
export { startProxy, type ProxyOptions, type RunningProxy } from './proxy.js';
export { resolveSettings, type ProxyConfig, type Settings } from './settings.js';
