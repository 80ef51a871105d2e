import { resolve, type Settings as SettingsOf, type Sources } from '@halfmq/remoting/settings';
import { ACCEPTED_NAMES, SETTINGS, type NamesrvConfig } from './settings.js';

const NAMESRV = {
  called: 'name server',
  /** The broker reads HALFMQ_…; both may run in one environment, each with a listenPort of its own. */
  prefix: 'HALFMQ_NAMESRV_',
  settings: SETTINGS,
  acceptedNames: ACCEPTED_NAMES,
};

/** Variables are `HALFMQ_NAMESRV_…`: `HALFMQ_NAMESRV_LISTEN_PORT` is listenPort. */
export type ConfigOptions = Sources;

/** Its notes are lines for the log: settings of RocketMQ without meaning here. */
export type Settings = SettingsOf<NamesrvConfig>;

/**
 * The name server's settings: option > HALFMQ_NAMESRV_* variable > file > default.
 * @throws ConfigError in one line: file, line, what was expected, the nearest name
 */
export function resolveSettings(options: ConfigOptions = {}): Settings {
  return resolve(NAMESRV, options, undefined);
}
