import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'halfmq-shop-';

export interface DataFolder {
  readonly path: string;
  /** Removed at the end. A folder the user named is kept. */
  readonly throwaway: boolean;
}

/** Creates the folder for one run, and removes those whose supervisor was killed before it could. */
export async function openDataFolder(named: string | undefined): Promise<DataFolder> {
  if (named === undefined) await removeAbandoned();
  const path = named ?? (await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`)));
  await mkdir(join(path, 'logs'), { recursive: true });
  // PostgreSQL may have to run as another user, who must be able to pass through to its own folder.
  if (named === undefined) await chmod(path, 0o711);
  return { path, throwaway: named === undefined };
}

export async function closeDataFolder(folder: DataFolder): Promise<void> {
  if (folder.throwaway) await rm(folder.path, { recursive: true, force: true, maxRetries: 5 });
}

/** For an end at once: what cannot be removed now, because a process is still dying in it, goes with the next start. */
export function abandonDataFolder(folder: DataFolder): void {
  if (!folder.throwaway) return;
  try {
    rmSync(folder.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch {
    // see removeAbandoned
  }
}

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = /^halfmq-shop-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // Another user's folder stays; it is not ours to clean up.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
