import { ConfigError, type Origin } from './config-error.js';
import { variablesFor } from './environment.js';
import type { Kind } from './kinds.js';
import { nearest } from './nearest.js';
import { readProperties } from './properties-file.js';
import type { Program, Setting, Settings, ValuesOf } from './setting.js';

/** Where settings come from, the strongest first. */
export interface Sources {
  /** RocketMQ names and texts. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** Variables that begin with the program's prefix; others are left alone. `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** A properties file. */
  readonly configFile?: string | undefined;
}

interface Given {
  readonly text: string;
  readonly origin: Origin;
}

type AnyTable<Facts> = Readonly<Record<string, Setting<unknown, Facts>>>;

/**
 * A program's settings: option > variable > file > default, each with where it came from.
 * @throws ConfigError in one line: file, line, what was expected, the nearest name
 */
export function resolve<Table extends AnyTable<Facts>, Facts>(
  program: Program<Table, Facts>,
  sources: Sources,
  facts: Facts,
): Settings<ValuesOf<Table>> {
  const given = collect(program, sources);
  const leftAside = namesLeftAside(program, given);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, { kind, fallback }] of Object.entries(program.settings)) {
    const entry = given.get(name);
    // an empty value is RocketMQ's way to say "not set": `namesrvAddr=`
    const set = entry !== undefined && entry.text !== '' ? entry : undefined;
    origins[name] = set?.origin ?? { kind: 'default' };
    values[name] = set === undefined ? fallback(facts) : read(name, kind, set);
  }
  return {
    config: values as ValuesOf<Table>,
    origins: origins as Record<keyof Table, Origin>,
    notes: leftAside.length === 0 ? [] : [noteOf(program, leftAside)],
  };
}

/** Strongest source last, so that it wins. */
function collect<Facts>(program: Program<AnyTable<Facts>, Facts>, sources: Sources): Map<string, Given> {
  const given = new Map<string, Given>();
  const { configFile } = sources;
  if (configFile !== undefined) {
    for (const { name, value, line } of readProperties(configFile)) {
      given.set(name, { text: value, origin: { kind: 'file', name: configFile, line } });
    }
  }
  const names = Object.keys(program.settings);
  for (const { name, variable, value } of variablesFor(names, program.prefix, sources.env ?? process.env)) {
    given.set(name, { text: value, origin: { kind: 'environment', name: variable } });
  }
  for (const [name, value] of Object.entries(sources.properties ?? {})) {
    given.set(name, { text: value.trim(), origin: { kind: 'option' } });
  }
  return given;
}

/** @throws ConfigError for what is refused, and for a name that neither RocketMQ nor this program knows */
function namesLeftAside<Facts>(
  program: Program<AnyTable<Facts>, Facts>,
  given: ReadonlyMap<string, Given>,
): string[] {
  const { settings, acceptedNames } = program;
  const leftAside: string[] = [];
  for (const [name, { text, origin }] of given) {
    program.refuse?.(name, text, origin);
    if (Object.hasOwn(settings, name)) continue;
    if (!acceptedNames.has(name)) {
      const near = nearest(name, [...Object.keys(settings), ...acceptedNames]);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      throw new ConfigError(origin, `no setting is named '${name}'${hint}`);
    }
    leftAside.push(name);
  }
  return leftAside;
}

function read<T>(name: string, kind: Kind<T>, { text, origin }: Given): T {
  const value = kind.parse(text);
  if (value === undefined) throw new ConfigError(origin, `${name} is '${text}', expected ${kind.expected}`);
  return value;
}

function noteOf(program: { readonly called: string }, names: readonly string[]): string {
  return `settings of RocketMQ that mean nothing to this ${program.called} were left aside: ${names.join(', ')}`;
}
