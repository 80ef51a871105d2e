import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs';

/** Two pages and a row: what LMDB wants for 126 readers. Of a longer file it takes all. */
const BYTES = 3 * 4096;

/**
 * Makes the lock file of an LMDB environment, all of it on the disk. LMDB makes it as a hole and writes through a map:
 * on a full disk that is no error but a SIGBUS. Under its own name it appears whole, for another process may open it.
 * @throws ENOSPC
 */
export function ensureLockFile(path: string): void {
  const lock = `${path}-lock`;
  if (existsSync(lock)) return;
  const fresh = `${lock}.new`;
  try {
    writeFileSync(fresh, Buffer.alloc(BYTES));
    linkSync(fresh, lock);
  } catch (error) {
    // one of another process, or a file system without links: LMDB makes its own
    if (codeOf(error) === 'ENOSPC') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
