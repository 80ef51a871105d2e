import { spawnSync } from 'node:child_process';
import { it } from '@jest/globals';

/** `it` where a command is installed. CI has all of them; elsewhere a line says what is missing. */
export function havingCommand(command: string): typeof it | typeof it.skip {
  if (spawnSync(command, ['--version']).status === 0) return it;
  if (process.env['CI'] === 'true') throw new Error(`${command} is needed here`);
  process.stderr.write(`skipped: the example needs ${command}, which is not installed\n`);
  return it.skip;
}
