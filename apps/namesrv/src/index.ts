export { systemClock } from '@halfmq/remoting';
export { ConfigError, printSettings } from '@halfmq/remoting/settings';
export { startNamesrv, type NamesrvOptions } from './namesrv.js';
export type { RunningNamesrv } from './open-namesrv.js';
export { resolveSettings, type ConfigOptions, type Settings } from './config/resolve-config.js';
export type { NamesrvConfig } from './config/settings.js';
