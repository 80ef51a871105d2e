import { readFileSync, rmSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath, writeDurably } from './format.js';
import { bootId } from './this-machine.js';

interface Content {
  readonly boot: string;
  /** everything is on the disk */
  readonly clean: boolean;
  /** segments up to this number are on the disk, whatever happened later */
  readonly syncedThrough: number;
}

/**
 * mark.json: what of the folder is on the disk. LMDB's files are as good as the last sync: after a kill the system still
 * has every page, after a power loss it has not, and only a mark left by `clean`, or a later boot, tells which it was.
 * Without a mark that can be read the worst is assumed: a folder has one before it has a segment.
 */
export class Mark {
  private readonly file: string;
  private syncedThrough: number;
  readonly found: 'clean' | 'same-boot' | 'power-loss';

  constructor(path: string) {
    this.file = join(path, 'mark.json');
    const content = read(this.file);
    this.syncedThrough = content?.syncedThrough ?? 0;
    if (content?.clean) this.found = 'clean';
    else this.found = content?.boot === bootId() ? 'same-boot' : 'power-loss';
  }

  /** Segments after this one are in doubt after a power loss. */
  get synced(): number {
    return this.syncedThrough;
  }

  /** Before the first write: the folder is not clean any more. Returns when that is on the disk. */
  begin(): void {
    rmSync(`${this.file}.next`, { force: true });
    writeDurably(this.file, this.content(false));
  }

  /** All segments up to this number were synced. */
  async sealed(sequence: number): Promise<void> {
    if (sequence <= this.syncedThrough) return;
    const next = `${this.file}.next`;
    await writeFile(next, this.content(false, sequence));
    const written = await open(next, 'r');
    await written.sync();
    await written.close();
    await rename(next, this.file);
    this.syncedThrough = sequence;
  }

  /** This segment will be written to again, and what was after it is gone. Returns when that is on the disk. */
  reopened(sequence: number): void {
    this.syncedThrough = Math.min(this.syncedThrough, sequence - 1);
    writeDurably(this.file, this.content(false));
  }

  /** After the last sync; `sealed` is the last segment that is not written to any more. */
  clean(sealed: number): void {
    this.syncedThrough = Math.max(this.syncedThrough, sealed);
    writeDurably(this.file, this.content(true));
    syncPath(dirname(this.file));
  }

  private content(clean: boolean, syncedThrough = this.syncedThrough): string {
    const content: Content = { boot: bootId(), clean, syncedThrough };
    return `${JSON.stringify(content)}\n`;
  }
}

function read(file: string): Content | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Content;
  } catch {
    return undefined;
  }
}
