/** '@halfmq/remoting/settings': settings under RocketMQ's names, from options, variables and .properties files. */
export { ConfigError, describeOrigin, type Origin } from './config-error.js';
export {
  addresses,
  endpoint,
  flag,
  ipAddress,
  name,
  oneFolder,
  oneOf,
  port,
  text,
  whole,
  type Kind,
} from './kinds.js';
export { printSettings } from './print-settings.js';
export { resolve, type Sources } from './resolve.js';
export { setting, type Program, type Setting, type Settings, type ValuesOf } from './setting.js';
