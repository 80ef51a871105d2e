import { ConfigError, describeOrigin, type Origin } from './config-error.js';
import { nearest } from './nearest.js';
import { readProperties } from './properties-file.js';
import { ACCEPTED_NAMES, SETTINGS, settingNames, type NamesrvConfig, type SettingName } from './settings.js';

/** The broker reads HALFMQ_…; both may run in one environment, each with a listenPort of its own. */
const PREFIX = 'HALFMQ_NAMESRV_';

export interface ConfigOptions {
  /** RocketMQ names and texts; stronger than every other source. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** A properties file. */
  readonly configFile?: string | undefined;
  /** Variables `HALFMQ_NAMESRV_…`: `HALFMQ_NAMESRV_LISTEN_PORT` is listenPort. Others are left alone. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface Settings {
  readonly config: NamesrvConfig;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** Lines for the log: settings of RocketMQ without meaning here. */
  readonly notes: readonly string[];
}

interface Given {
  readonly text: string;
  readonly origin: Origin;
}

/**
 * The name server's settings: option > HALFMQ_NAMESRV_* variable > file > default.
 * @throws ConfigError in one line: file, line, what was expected, the nearest name
 */
export function resolveSettings(options: ConfigOptions = {}): Settings {
  const given = collect(options);
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, Origin>> = {};
  for (const name of settingNames()) {
    const entry = given.get(name);
    // an empty value is RocketMQ's way to say "not set"
    const set = entry === undefined || entry.text === '' ? undefined : entry;
    origins[name] = set?.origin ?? { kind: 'default' };
    values[name] = set === undefined ? SETTINGS[name].fallback : read(name, set);
  }
  return {
    config: values as NamesrvConfig,
    origins: origins as Record<SettingName, Origin>,
    notes: notesOf(
      [...given].filter(([name, { origin }]) => withoutMeaning(name, origin)).map(([name]) => name),
    ),
  };
}

/** Every setting as `name=value`, and behind it where the value came from; what `halfmq namesrv -p` prints. */
export function printSettings({ config, origins }: Settings): string {
  const rows = settingNames().map(
    (name) => [`${name}=${config[name]}`, describeOrigin(origins[name])] as const,
  );
  const width = Math.max(...rows.map(([text]) => text.length));
  return rows.map(([text, origin]) => `${text.padEnd(width)}  # ${origin}`).join('\n');
}

/** Strongest source last, so that it wins. */
function collect(options: ConfigOptions): Map<string, Given> {
  const given = new Map<string, Given>();
  if (options.configFile !== undefined) {
    for (const { name, value, line } of readProperties(options.configFile)) {
      given.set(name, { text: value, origin: { kind: 'file', name: options.configFile, line } });
    }
  }
  const byVariable = new Map(settingNames().map((name) => [name.toLowerCase(), name]));
  for (const [variable, value] of Object.entries(options.env ?? process.env)) {
    if (!variable.startsWith(PREFIX) || value === undefined) continue;
    const name = byVariable.get(variable.slice(PREFIX.length).replaceAll('_', '').toLowerCase());
    if (name) given.set(name, { text: value.trim(), origin: { kind: 'environment', name: variable } });
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

/** @throws ConfigError when neither RocketMQ nor this name server knows the name */
function withoutMeaning(name: string, origin: Origin): boolean {
  if (Object.hasOwn(SETTINGS, name)) return false;
  if (ACCEPTED_NAMES.has(name)) return true;
  const near = nearest(name, [...settingNames(), ...ACCEPTED_NAMES]);
  throw new ConfigError(
    origin,
    `no setting is named '${name}'${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

function notesOf(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`settings of RocketMQ that mean nothing to this name server were left aside: ${names.join(', ')}`];
}
