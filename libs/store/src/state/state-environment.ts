import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { open, type RootDatabase } from 'lmdb';
import { readLong, writeLong, type Log } from '@halfmq/remoting/record';
import { mustHaveRoom } from '../disk-room.js';
import { syncPath } from '../format.js';
import { APPLIED_KEY, afterPrefix } from '../keys.js';
import { PAGE_SIZE } from '../log/block.js';
import { ensureLockFile } from '../log/lock-file.js';
import type { Access } from '../log/segment.js';
import { StoreError } from '../store-error.js';
import { isSoundTree } from './tree-check.js';

/** A value to be set, or with undefined to be removed. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/*
 * A value: 0xff, CRC-32C of key and content 4, content. Nothing that was written before values had checksums begins
 * with 0xff: text in UTF-8 never does, numbers are small, an empty value has no first byte.
 */
const CHECKED = 0xff;
const CONTENT = 5;
const LEAST_ROOM = 256 * 1024;

export const stateFile = (storePath: string): string => join(storePath, 'state.mdb');

/**
 * The LMDB environment the projections live in. Each write is one synced transaction that also moves the applied
 * offset, so what is found after a crash is exactly the log up to that offset.
 */
export class StateEnvironment {
  private readonly db: RootDatabase<Buffer, Buffer>;

  /**
   * Opens it, made when missing: under another name until all of it is on the disk, for LMDB dies on a file of which a
   * power loss left a part. One that is damaged is thrown away before LMDB reads it: everything in there is found again
   * in the log, except what it never had (see RebuildReport).
   */
  static async open(path: string, log: Log): Promise<StateEnvironment> {
    if (existsSync(path) && !isSoundTree(path)) {
      log.warn('the state is damaged: it is thrown away and made again from the log', { path });
      StateEnvironment.remove(path);
    }
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

  static remove(path: string): void {
    rmSync(path, { force: true });
    rmSync(`${path}-lock`, { force: true });
  }

  /** For who only looks. */
  static toRead(path: string): StateEnvironment {
    return new StateEnvironment(path, 'read');
  }

  private constructor(
    private readonly path: string,
    access: Access = 'write',
  ) {
    ensureLockFile(path);
    this.db = open<Buffer, Buffer>({
      path,
      readOnly: access === 'read',
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
    const value = this.get(APPLIED_KEY);
    return value ? readLong(value, 0) : 0;
  }

  /** Forgets everything: it is found again in the log. */
  clear(): void {
    this.db.clearSync();
  }

  /** @throws StoreError format, when the disk has changed it; `halfmq store rebuild` makes the state again */
  get(key: Buffer): Buffer | undefined {
    const value = this.db.getBinary(key);
    return value && contentOf(key, value);
  }

  /** Everything whose key begins with the prefix, in order. @throws as get */
  *all(prefix: string): Generator<{ key: Buffer; value: Buffer }> {
    const range = { start: Buffer.from(prefix), end: afterPrefix(prefix), snapshot: false };
    for (const { key, value } of this.db.getRange(range)) {
      yield { key: Buffer.from(key), value: contentOf(key, value) };
    }
  }

  /** Keys that begin with the prefix and come after this one, in order, as of the last write. */
  *keysAfter(key: Buffer, prefix: string, limit = Infinity): Generator<Buffer> {
    this.db.resetReadTxn();
    const start = Buffer.concat([key, Buffer.alloc(1)]);
    for (const found of this.db.getKeys({ start, end: afterPrefix(prefix), limit, snapshot: false })) {
      yield Buffer.from(found);
    }
  }

  /** All or none. Resolves when synced. */
  async write(changes: readonly Change[], appliedOffset: number): Promise<void> {
    const applied = Buffer.alloc(8);
    writeLong(applied, 0, appliedOffset);
    const write = (): void => {
      for (const { key, value } of changes) {
        if (value) void this.db.put(key, checked(key, value));
        else void this.db.remove(key);
      }
      void this.db.put(APPLIED_KEY, checked(APPLIED_KEY, applied));
    };
    mustHaveRoom(this.path, roomFor(changes));
    await this.db.transaction(write);
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

/** A change may write a way down the tree anew. */
function roomFor(changes: readonly Change[]): number {
  return changes.reduce((sum, { value }) => sum + 2 * PAGE_SIZE + (value?.length ?? 0), LEAST_ROOM);
}

function checked(key: Buffer, content: Buffer): Buffer {
  const value = Buffer.allocUnsafe(CONTENT + content.length);
  value.writeUInt8(CHECKED, 0);
  value.writeUInt32BE(crc32c(content, crc32c(key)), 1);
  content.copy(value, CONTENT);
  return value;
}

/** A copy. */
function contentOf(key: Uint8Array, value: Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  if (bytes[0] !== CHECKED) return bytes;
  const content = bytes.subarray(CONTENT);
  if (bytes.length < CONTENT || bytes.readUInt32BE(1) !== crc32c(content, crc32c(Buffer.from(key)))) {
    throw new StoreError(
      'format',
      'a value of the state is damaged: make it again with `halfmq store rebuild`',
    );
  }
  return content;
}
