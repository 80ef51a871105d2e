import { join } from 'node:path';
import { resolve, type Origin, type Settings as SettingsOf, type Sources } from '@halfmq/remoting/settings';
import { ACCEPTED_NAMES, LEGACY_NAMES } from './accepted-names.js';
import { hostFacts, type HostFacts } from './host-facts.js';
import { refuseWhatIsMissing } from './refusals.js';
import { SETTINGS, type BrokerConfig } from './settings.js';

export { delayLevelsMs } from './delay-levels.js';
export type { BrokerConfig } from './settings.js';

const BROKER = {
  called: 'broker',
  prefix: 'HALFMQ_',
  settings: SETTINGS,
  acceptedNames: new Set([...ACCEPTED_NAMES, ...LEGACY_NAMES]),
  refuse: refuseWhatIsMissing,
};

/** Variables are `HALFMQ_…`: `HALFMQ_LISTEN_PORT` is listenPort. */
export type ConfigOptions = Sources;

/** Its notes are lines for the log: settings without meaning here, the address that was chosen. */
export type Settings = SettingsOf<BrokerConfig>;

/**
 * The broker's settings from all their sources: option > HALFMQ_* variable > file > default.
 * @throws ConfigError in one line: file, line, what was expected, the nearest name
 */
export function resolveConfig(options: ConfigOptions = {}): BrokerConfig {
  return resolveSettings(options).config;
}

/** Like `resolveConfig`, with where each value came from and what the log should say. */
export function resolveSettings(options: ConfigOptions = {}, host?: HostFacts): Settings {
  const facts = host ?? hostFacts(options.env ?? process.env);
  const { config, origins, notes } = resolve(BROKER, options, facts);
  return {
    config: {
      ...config,
      storePathRootDir: expandHome(config.storePathRootDir, facts),
      storePathCommitLog: expandHome(config.storePathCommitLog, facts),
    },
    origins,
    notes: [...notes, ...addressNote(config, origins.brokerIP1, facts)],
  };
}

function expandHome(path: string, host: HostFacts): string {
  return path === '~' || path.startsWith('~/') ? join(host.home, path.slice(1)) : path;
}

function addressNote(config: BrokerConfig, origin: Origin, host: HostFacts): string[] {
  if (origin.kind !== 'default') return [];
  const others = host.addresses.filter((address) => address !== config.brokerIP1);
  const rest = others.length === 0 ? 'there is no other' : `others are ${others.join(', ')}`;
  return [`brokerIP1 is not set: clients are told ${config.brokerIP1}, the first address found (${rest})`];
}
