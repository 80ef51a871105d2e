import { spawnSync } from 'node:child_process';

/** The commands it takes, each with an argument that makes it say something and end. */
export interface Toolchain {
  /** what it is for, and what has to be installed */
  readonly needs: string;
  readonly commands: readonly (readonly [command: string, ...args: string[]])[];
}

const known = new Map<Toolchain, boolean>();

/**
 * Whether this machine can run suites of a language; says so, once, when it cannot. On a machine of CI it must.
 * @throws Error there when it cannot
 */
export function isHere(toolchain: Toolchain): boolean {
  const before = known.get(toolchain);
  if (before !== undefined) return before;
  const here = toolchain.commands.every(([command, ...args]) => spawnSync(command, args).status === 0);
  if (!here && process.env['CI'] === 'true') throw new Error(`CI must run ${toolchain.needs}`);
  if (!here) process.stdout.write(`skipped: ${toolchain.needs}\n`);
  known.set(toolchain, here);
  return here;
}
