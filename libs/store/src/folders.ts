import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FolderLock } from './folder-lock.js';
import { makeFolder } from './format.js';
import { sequencesIn } from './log/segment-files.js';
import { StoreError } from './store-error.js';

/** Where a store lies: everything below its root, or the segments in a folder of their own, on another disk for one. */
export interface StoreFolders {
  readonly root: string;
  /** of the segments */
  readonly log: string;
  release(): void;
}

/** Apache RocketMQ's segments are named by their offset. */
const FOREIGN_SEGMENT = /^\d{20}$/;

/**
 * Makes the folders that are missing and takes their locks.
 * @throws StoreError locked, or format when the segments would lie in two folders
 */
export function takeFolders(path: string, logPath: string | undefined): StoreFolders {
  const root = resolve(path);
  const usual = join(root, 'log');
  const log = logPath === undefined ? usual : resolve(logPath);
  const locks: FolderLock[] = [];
  const release = (): void => {
    for (const lock of locks.splice(0)) lock.release();
  };
  try {
    makeFolder(root);
    locks.push(FolderLock.take(root));
    makeFolder(log);
    if (log !== usual) {
      refuseMixed(usual, log);
      // the root itself is locked already
      if (log !== root) locks.push(FolderLock.take(log));
    }
    return { root, log, release };
  } catch (error) {
    release();
    throw error;
  }
}

function refuseMixed(usual: string, log: string): void {
  if (readdirSync(log).some((name) => FOREIGN_SEGMENT.test(name))) {
    throw new StoreError('format', `${log} holds segments of Apache RocketMQ: name another folder`);
  }
  if (holdsSegments(usual)) {
    throw new StoreError(
      'format',
      `this store's segments lie in ${usual}, not in ${log}: move all of them there, or do not name it`,
    );
  }
}

export function holdsSegments(folder: string): boolean {
  try {
    return sequencesIn(folder).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
