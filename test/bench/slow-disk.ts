import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { PostgresServer } from '../kit/postgres.js';
import { buildPreload } from '../kit/preload.js';
import { atExit } from './at-exit.js';

const SOURCE = join(import.meta.dirname, '../../bench/slow-disk.c');

let built: { readonly library: string | undefined } | undefined;

/** Built by the first who asks; undefined where that is not possible. */
function slowDisk(): string | undefined {
  built ??= { library: build() };
  return built.library;
}

/** @returns whether a database can be made to wait for its disk: it needs Linux and a C compiler */
export const hasSlowDisks = (): boolean => slowDisk() !== undefined;

function build(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'halfmq-slow-disk-'));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  const library = buildPreload(SOURCE, folder);
  // root's database runs as another user, to whom a library it cannot read is only a warning
  for (const each of [folder, ...(library === undefined ? [] : [library])]) chmodSync(each, 0o755);
  return library;
}

/**
 * A PostgreSQL whose COMMITs wait for a disk as slow as that. Unlike by its own `commit_delay`, who comes while one
 * sync is under way waits for the next, as at a real disk, and is not taken along.
 */
export async function postgresOnSlowDisk(syncMs: number): Promise<PostgresServer> {
  const library = slowDisk();
  if (library === undefined) throw new Error('a slow disk needs Linux and a C compiler (gcc)');
  const server = await PostgresServer.start(
    { fsync: 'on', wal_sync_method: 'fdatasync' },
    { LD_PRELOAD: library, SLOW_DISK_US: String(syncMs * 1000) },
  );
  const start = performance.now();
  await server.query('postgres', 'CREATE TABLE slow ()');
  if (performance.now() - start >= syncMs) return server;
  await server.stop();
  throw new Error(`PostgreSQL does not wait for its disk: was ${library} loaded?`);
}
