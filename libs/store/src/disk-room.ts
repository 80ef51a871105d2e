import { statfsSync } from 'node:fs';
import type { Clock } from '@halfmq/remoting/record';
import { StoreError } from './store-error.js';

/** Bytes. A commit that fails with less room on the disk is called a full disk: LMDB's own error code does not tell. */
export const LITTLE_ROOM = 64 * 1024 * 1024;
/** Left alone by the log, so that the state can still be written; below it a store is not opened. */
const KEPT = 4 * 1024 * 1024;
const LEAST_TO_OPEN = 1024 * 1024;
/** The disk is asked again after so much was written, or so long. */
const MOST_UNASKED = 4 * 1024 * 1024;
const STALE_MS = 100;

/** Bytes left on the disk that holds this path. Also asked in timers: it does not throw when even that cannot be read. */
export function roomAt(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/** Before a store is opened. @throws StoreError disk-full */
export function mustHaveRoomToOpen(path: string): void {
  if (roomAt(path) < LEAST_TO_OPEN) throw noRoom(path, 'make room and start again');
}

/** @throws StoreError disk-full */
export function mustHaveRoom(path: string, bytes: number): void {
  if (roomAt(path) < bytes) throw noRoom(path, 'make room');
}

function noRoom(path: string, advice: string): StoreError {
  return new StoreError('disk-full', `the disk of ${path} has ${roomAt(path)} bytes left: ${advice}`);
}

/**
 * Asked before something is written: LMDB does not survive a disk that is full in the middle of its write. A commit that
 * finds none left it with a broken heap, a write in its own thread with a promise that never ends.
 */
export class DiskRoom {
  private left = 0;
  private asked = -Infinity;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  /** @throws StoreError disk-full */
  take(bytes: number): void {
    if (!this.has(bytes)) throw noRoom(this.path, 'make room, sends resume by themselves');
    this.left -= bytes;
  }

  has(bytes: number): boolean {
    const now = this.clock.monotonic();
    if (this.left >= bytes && now - this.asked < STALE_MS) return true;
    const room = roomAt(this.path) - KEPT;
    this.left = Math.min(room, Math.max(bytes, MOST_UNASKED));
    this.asked = now;
    return room >= bytes;
  }
}
