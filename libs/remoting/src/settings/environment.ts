export interface Variable {
  /** Of the setting. */
  readonly name: string;
  readonly variable: string;
  readonly value: string;
}

/**
 * `HALFMQ_LISTEN_PORT` and `HALFMQ_listenPort` both are listenPort. Variables that name no setting are left alone:
 * other programs of the family read the same environment.
 */
export function variablesFor(
  settingNames: readonly string[],
  prefix: string,
  env: NodeJS.ProcessEnv,
): Variable[] {
  const names = new Map(settingNames.map((name) => [name.toLowerCase(), name]));
  return Object.entries(env).flatMap(([variable, value]) => {
    if (!variable.startsWith(prefix) || value === undefined) return [];
    const name = names.get(variable.slice(prefix.length).replaceAll('_', '').toLowerCase());
    return name === undefined ? [] : [{ name, variable, value: value.trim() }];
  });
}
