import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PAGE = 4096;

/** A real file system of a few MiB, in memory. Only root may mount one. */
export class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'halfmq-disk-'));
  private readonly ballast = join(this.path, 'ballast');

  constructor(bytes: number) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', this.path], { stdio: 'pipe' });
    } catch (error) {
      rmSync(this.path, { recursive: true });
      throw error;
    }
  }

  /** Whether there can be one here; the log of the tests says so if not. */
  static get isPossible(): boolean {
    try {
      new SmallDisk(PAGE).end();
      return true;
    } catch (error) {
      process.stderr.write(`skipped: no file system can be mounted here, only root may: ${String(error)}\n`);
      return false;
    }
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes all of the disk but so much. */
  fill(left = 0): void {
    const file = openSync(this.ballast, 'a');
    try {
      while (this.free > left) writeSync(file, Buffer.alloc(PAGE));
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what was taken. */
  empty(): void {
    rmSync(this.ballast, { force: true });
  }

  end(): void {
    execFileSync('umount', [this.path], { stdio: 'pipe' });
    rmSync(this.path, { recursive: true });
  }
}
