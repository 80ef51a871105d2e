import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { readLong, writeLong } from '@halfmq/remoting/record';
import { syncPath } from '../format.js';
import { APPLIED_KEY, afterPrefix } from '../keys.js';
import { PAGE_SIZE } from '../log/block.js';

/** A value to be set, or with undefined to be removed. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/**
 * The LMDB environment the projections live in. Each write is one synced transaction that also moves the applied
 * offset, so what is found after a crash is exactly the log up to that offset.
 */
export class StateEnvironment {
  private readonly db: RootDatabase<Buffer, Buffer>;

  /**
   * Opens it, made when missing: under another name until all of it is on the disk, for LMDB dies on a file of which a
   * power loss left a part.
   */
  static async open(path: string): Promise<StateEnvironment> {
    if (!existsSync(path)) {
      const fresh = `${path}.new`;
      rmSync(fresh, { force: true });
      await new StateEnvironment(fresh).close();
      syncPath(fresh);
      renameSync(fresh, path);
      rmSync(`${fresh}-lock`, { force: true });
      syncPath(dirname(path));
    }
    return new StateEnvironment(path);
  }

  private constructor(path: string) {
    this.db = open<Buffer, Buffer>({
      path,
      noSubdir: true,
      overlappingSync: false,
      pageSize: PAGE_SIZE,
      encoding: 'binary',
      keyEncoding: 'binary',
      cache: false,
      maxDbs: 1,
    });
  }

  get appliedOffset(): number {
    const value = this.db.getBinary(APPLIED_KEY);
    return value ? readLong(Buffer.from(value), 0) : 0;
  }

  /** Forgets everything: it is found again in the log. */
  clear(): void {
    this.db.clearSync();
  }

  get(key: Buffer): Buffer | undefined {
    const value = this.db.getBinary(key);
    return value && Buffer.from(value);
  }

  /** Everything whose key begins with the prefix, in order. */
  *all(prefix: string): Generator<{ key: Buffer; value: Buffer }> {
    const range = { start: Buffer.from(prefix), end: afterPrefix(prefix), snapshot: false };
    for (const { key, value } of this.db.getRange(range)) {
      yield { key: Buffer.from(key), value: Buffer.from(value) };
    }
  }

  /** All or none. Resolves when synced. */
  async write(changes: readonly Change[], appliedOffset: number): Promise<void> {
    const applied = Buffer.alloc(8);
    writeLong(applied, 0, appliedOffset);
    await this.db.transaction(() => {
      for (const { key, value } of changes) {
        if (value) void this.db.put(key, value);
        else void this.db.remove(key);
      }
      void this.db.put(APPLIED_KEY, applied);
    });
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}
