import type { Origin } from './config-error.js';
import type { Kind } from './kinds.js';

/** `Facts`: what a default may be made of, the machine's name for one. */
export interface Setting<T, Facts = unknown> {
  readonly kind: Kind<T>;
  /** The value where nobody set it. */
  readonly fallback: (facts: Facts) => T;
  /** For the page of settings. */
  readonly meaning: string;
}

export function setting<T, Facts = unknown>(
  kind: Kind<T>,
  fallback: NoInfer<T> | ((facts: Facts) => NoInfer<T>),
  meaning = '',
): Setting<T, Facts> {
  return {
    kind,
    meaning,
    fallback: typeof fallback === 'function' ? (fallback as (facts: Facts) => T) : () => fallback,
  };
}

export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T, never> ? T : never;
};

/** Which settings a program has, and what becomes of names and values that are none of them. */
export interface Program<Table extends Readonly<Record<string, Setting<unknown, Facts>>>, Facts> {
  /** In the notes: "mean nothing to this broker". */
  readonly called: string;
  /** Variables are named `<prefix>LISTEN_PORT`. */
  readonly prefix: string;
  readonly settings: Table;
  /** Names of RocketMQ that change nothing here: taken, with one note. */
  readonly acceptedNames: ReadonlySet<string>;
  /** Throws ConfigError for what would be a broken promise if it were only left aside. */
  readonly refuse?: (name: string, value: string, origin: Origin) => void;
}

export interface Settings<Config> {
  readonly config: Config;
  readonly origins: Readonly<Record<keyof Config, Origin>>;
  /** Lines for the log, at most one of a kind. */
  readonly notes: readonly string[];
}
