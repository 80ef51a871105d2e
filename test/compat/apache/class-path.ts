import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Beside the sources: built files lie elsewhere. */
const POM = join(
  createRequire(import.meta.url).resolve('@halfmq/test/package.json'),
  '../compat/java/server',
);

/** Maven downloads the jars once and prints where they are. */
export async function resolveClassPath(folder: string, version?: string): Promise<string> {
  const file = join(folder, 'class-path');
  const args = ['-q', '-B', 'dependency:build-classpath', `-Dmdep.outputFile=${file}`];
  if (version !== undefined) args.push(`-Drocketmq.version=${version}`);
  const maven = spawnSync('mvn', args, { cwd: POM, encoding: 'utf8' });
  if (maven.status !== 0) throw new Error(`mvn ${args.join(' ')} failed:\n${maven.stdout}${maven.stderr}`);
  return (await readFile(file, 'utf8')).trim();
}
