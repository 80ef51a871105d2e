import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of libuv, where it is not told otherwise. */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);

/**
 * A disk that does not answer: each thread of this process's pool, in which every fdatasync runs, waits to open a pipe
 * that nobody writes to. Commits go on, they run in the thread of JavaScript.
 */
export class HeldDisk {
  private readonly folder = mkdtempSync(join(tmpdir(), 'halfmq-held-'));
  private readonly pipes = Array.from({ length: THREADS }, (_, index) => join(this.folder, String(index)));
  private opening: Promise<FileHandle>[] = [];

  constructor() {
    execFileSync('mkfifo', this.pipes);
  }

  /** From now on; what was given to the pool before goes on. */
  hold(): void {
    this.opening = this.pipes.map((pipe) => open(pipe, 'r'));
  }

  /** What was held goes on, in the order it came. */
  async release(): Promise<void> {
    const opening = this.opening.splice(0);
    if (opening.length === 0) return;
    const writers = this.pipes.map((pipe) => openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    for (const one of opening) await (await one).close();
    for (const writer of writers) closeSync(writer);
  }

  async end(): Promise<void> {
    await this.release();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
