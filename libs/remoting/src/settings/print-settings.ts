import { describeOrigin } from './config-error.js';
import type { Settings } from './setting.js';

/** Every setting as `name=value`, and behind it where the value came from; what `-p` prints. */
export function printSettings<Config extends object>({ config, origins }: Settings<Config>): string {
  const rows = (Object.keys(config) as (keyof Config & string)[]).map(
    (name) => [`${name}=${String(config[name])}`, describeOrigin(origins[name])] as const,
  );
  const width = Math.min(60, Math.max(...rows.map(([text]) => text.length)));
  return rows.map(([text, origin]) => `${text.padEnd(width)}  # ${origin}`).join('\n');
}
