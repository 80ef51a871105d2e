export { startNamesrv, type NamesrvOptions } from './namesrv.js';
export type { RunningNamesrv } from './open-namesrv.js';
export { ConfigError } from './config/config-error.js';
export {
  printSettings,
  resolveSettings,
  type ConfigOptions,
  type Settings,
} from './config/resolve-config.js';
export type { NamesrvConfig } from './config/settings.js';
