import { describeOrigin } from './config-error.js';
import { settingNames, type Settings } from './resolve-config.js';

/** Every setting as `name=value`, and behind it where the value came from; what `halfmq broker -p` prints. */
export function printSettings({ config, origins }: Settings): string {
  const rows = settingNames().map(
    (name) => [`${name}=${config[name]}`, describeOrigin(origins[name])] as const,
  );
  const width = Math.min(60, Math.max(...rows.map(([text]) => text.length)));
  return rows.map(([text, origin]) => `${text.padEnd(width)}  # ${origin}`).join('\n');
}
