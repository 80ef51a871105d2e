import { join } from 'node:path';
import { ACCEPTED_NAMES, LEGACY_NAMES } from './accepted-names.js';
import { ConfigError, type Origin } from './config-error.js';
import { environmentValues } from './environment.js';
import { hostFacts, type HostFacts } from './host-facts.js';
import { nearest } from './nearest.js';
import { readProperties } from './properties-file.js';
import { refuseWhatIsMissing } from './refusals.js';
import { SETTINGS, type BrokerConfig, type SettingName } from './settings.js';

export { ConfigError } from './config-error.js';
export { delayLevelsMs } from './kinds.js';
export type { BrokerConfig } from './settings.js';

export interface ConfigOptions {
  /** RocketMQ names and texts; stronger than every other source. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** A properties file. */
  readonly configFile?: string | undefined;
  /** Variables `HALFMQ_…`: `HALFMQ_LISTEN_PORT` is listenPort. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface Settings {
  readonly config: BrokerConfig;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** Lines for the log: settings without meaning here, the address that was chosen. At most one of a kind. */
  readonly notes: readonly string[];
}

interface Given {
  readonly text: string;
  readonly origin: Origin;
}

/**
 * The broker's settings from all their sources: option > HALFMQ_* variable > file > default.
 * @throws ConfigError in one line: file, line, what was expected, the nearest name
 */
export function resolveConfig(options: ConfigOptions = {}): BrokerConfig {
  return resolveSettings(options).config;
}

/** Like `resolveConfig`, with where each value came from and what the log should say. */
export function resolveSettings(options: ConfigOptions = {}, host?: HostFacts): Settings {
  const env = options.env ?? process.env;
  const facts = host ?? hostFacts(env);
  const given = collect(options, env);
  const withoutMeaning: string[] = [];
  for (const [name, { text, origin }] of given) {
    refuseWhatIsMissing(name, text, origin);
    if (isSetting(name)) continue;
    if (!ACCEPTED_NAMES.has(name) && !LEGACY_NAMES.has(name)) throw unknownName(name, origin);
    withoutMeaning.push(name);
  }
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, Origin>> = {};
  for (const name of settingNames()) {
    const entry = given.get(name);
    // an empty value is RocketMQ's way to say "not set": `namesrvAddr=`
    const set = entry !== undefined && entry.text !== '' ? entry : undefined;
    origins[name] = set?.origin ?? { kind: 'default' };
    values[name] = set === undefined ? SETTINGS[name].fallback(facts) : read(name, set);
  }
  const config = {
    ...values,
    storePathRootDir: expandHome(String(values.storePathRootDir), facts),
  } as BrokerConfig;
  return {
    config,
    origins: origins as Record<SettingName, Origin>,
    notes: [...meaningNote(withoutMeaning), ...addressNote(config, origins.brokerIP1, facts)],
  };
}

/** Strongest source last, so that it wins. */
function collect(options: ConfigOptions, env: NodeJS.ProcessEnv): Map<string, Given> {
  const given = new Map<string, Given>();
  if (options.configFile !== undefined) {
    for (const { name, value, line } of readProperties(options.configFile)) {
      given.set(name, { text: value, origin: { kind: 'file', name: options.configFile, line } });
    }
  }
  for (const { name, variable, value } of environmentValues(env)) {
    given.set(name, { text: value, origin: { kind: 'environment', name: variable } });
  }
  for (const [name, value] of Object.entries(options.properties ?? {})) {
    given.set(name, { text: value.trim(), origin: { kind: 'option' } });
  }
  return given;
}

function read(name: SettingName, { text, origin }: Given): unknown {
  const { kind } = SETTINGS[name];
  const value = kind.parse(text);
  if (value === undefined) throw new ConfigError(origin, `${name} is '${text}', expected ${kind.expected}`);
  return value;
}

function unknownName(name: string, origin: Origin): ConfigError {
  const near = nearest(name, [...settingNames(), ...ACCEPTED_NAMES, ...LEGACY_NAMES]);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new ConfigError(origin, `no setting is named '${name}'${hint}`);
}

const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

export const settingNames = (): SettingName[] => Object.keys(SETTINGS) as SettingName[];

function expandHome(path: string, host: HostFacts): string {
  return path === '~' || path.startsWith('~/') ? join(host.home, path.slice(1)) : path;
}

function meaningNote(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`settings of RocketMQ that mean nothing to this broker were left aside: ${names.join(', ')}`];
}

function addressNote(config: BrokerConfig, origin: Origin | undefined, host: HostFacts): string[] {
  if (origin?.kind !== 'default') return [];
  const others = host.addresses.filter((address) => address !== config.brokerIP1);
  const rest = others.length === 0 ? 'there is no other' : `others are ${others.join(', ')}`;
  return [`brokerIP1 is not set: clients are told ${config.brokerIP1}, the first address found (${rest})`];
}
