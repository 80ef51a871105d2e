import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../../power/recorder.c');

/** Builds recorder.c into a folder. Undefined where there is no C compiler, or no LD_PRELOAD. */
export function buildRecorder(folder: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const library = join(folder, 'recorder.so');
  for (const compiler of ['gcc', 'cc']) {
    const built = spawnSync(
      compiler,
      ['-shared', '-fPIC', '-O2', '-o', library, SOURCE, '-ldl', '-lpthread'],
      {
        encoding: 'utf8',
      },
    );
    if (built.status === 0) return library;
    if (built.status !== null) throw new Error(`${compiler} could not build ${SOURCE}:\n${built.stderr}`);
  }
  return undefined;
}
