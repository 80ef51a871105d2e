import {
  fstatSync,
  linkSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './message-store.js';
import { bootId, pidNamespace, processStart } from './this-machine.js';

interface Owner {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  readonly namespace: string;
  /** of the lock file itself: a copied folder is not locked by the owner of the original */
  readonly inode: number;
}

/**
 * One process a folder: LMDB would let a second one write. The lock is a file that names its owner; it counts as long as
 * that very process lives (id and start time, in the same boot and pid namespace), so a killed one leaves nothing to
 * clean up. It cannot see a process on another machine that has the same network folder.
 */
export class FolderLock {
  private held = true;

  private constructor(private readonly file: string) {}

  /** @throws StoreError locked, naming folder and process */
  static take(path: string): FolderLock {
    const file = join(path, 'lock');
    const mine = `${file}.${process.pid}`;
    try {
      writeOwner(mine);
      for (let attempt = 0; attempt < 3; attempt++) {
        if (linked(mine, file)) return new FolderLock(file);
        const owner = readOwner(file);
        if (owner && lives(owner)) {
          throw new StoreError(
            'locked',
            `${path} is in use by process ${owner.pid}: stop it, or give this broker a store folder of its own`,
          );
        }
        removeStale(file, mine, owner);
      }
      throw new StoreError('locked', `${path} is being taken by several processes at once: start one`);
    } finally {
      rmSync(mine, { force: true });
    }
  }

  /** Process that has the folder; undefined: nobody. */
  static holder(path: string): number | undefined {
    const owner = readOwner(join(path, 'lock'));
    return owner && lives(owner) ? owner.pid : undefined;
  }

  release(): void {
    if (this.held) rmSync(this.file, { force: true });
    this.held = false;
  }
}

function writeOwner(file: string): void {
  rmSync(file, { force: true });
  const descriptor = openSync(file, 'wx');
  try {
    const owner: Owner = {
      pid: process.pid,
      started: processStart(process.pid) ?? '',
      boot: bootId(),
      namespace: pidNamespace(),
      inode: fstatSync(descriptor).ino,
    };
    writeSync(descriptor, JSON.stringify(owner));
  } finally {
    closeSync(descriptor);
  }
}

/** Creates the lock with its content in one step. */
function linked(mine: string, file: string): boolean {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Owner;
    return statSync(file).ino === owner.inode ? owner : undefined;
  } catch {
    return undefined;
  }
}

function lives(owner: Owner): boolean {
  return (
    owner.boot === bootId() && owner.namespace === pidNamespace() && processStart(owner.pid) === owner.started
  );
}

/** Moves the dead lock away, and puts it back when somebody else was faster and it is theirs. */
function removeStale(file: string, mine: string, stale: Owner | undefined): void {
  const away = `${mine}.stale`;
  try {
    renameSync(file, away);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readOwner(away);
  if (moved && moved.inode !== stale?.inode) linked(away, file);
  rmSync(away, { force: true });
}
