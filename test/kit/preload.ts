import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';

/**
 * Builds a library to be preloaded (LD_PRELOAD) into a folder.
 * @param source a file in C
 * @returns its path; undefined where there is no C compiler, or no LD_PRELOAD
 */
export function buildPreload(source: string, folder: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const library = join(folder, `${basename(source, '.c')}.so`);
  const args = ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread'];
  for (const compiler of ['gcc', 'cc']) {
    const built = spawnSync(compiler, args, { encoding: 'utf8' });
    if (built.status === 0) return library;
    if (built.status !== null) throw new Error(`${compiler} could not build ${source}:\n${built.stderr}`);
  }
  return undefined;
}
