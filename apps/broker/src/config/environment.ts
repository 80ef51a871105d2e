import { SETTINGS } from './settings.js';

const PREFIX = 'HALFMQ_';

export interface Variable {
  readonly name: string;
  readonly variable: string;
  readonly value: string;
}

/**
 * `HALFMQ_LISTEN_PORT` and `HALFMQ_listenPort` both are listenPort. Variables that name no setting are left alone:
 * other programs of the family read the same environment.
 */
export function environmentValues(env: NodeJS.ProcessEnv): Variable[] {
  const names = new Map(Object.keys(SETTINGS).map((name) => [name.toLowerCase(), name]));
  return Object.entries(env).flatMap(([variable, value]) => {
    if (!variable.startsWith(PREFIX) || value === undefined) return [];
    const name = names.get(variable.slice(PREFIX.length).replaceAll('_', '').toLowerCase());
    return name === undefined ? [] : [{ name, variable, value: value.trim() }];
  });
}
