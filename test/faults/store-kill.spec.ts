import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '@halfmq/store';
import { workOptions } from '../kit/store-work.js';
import { checkWork } from '../kit/store-work-check.js';
import { until } from '../kit/until.js';

const PROGRAM = join(import.meta.dirname, '../dist/kit/store-process.js');

class Worker {
  readonly lines: string[] = [];
  errors = '';
  private readonly child: ChildProcess;

  constructor(path: string, flush: string) {
    this.child = spawn(process.execPath, [PROGRAM, path, flush], { stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.child.stdout) {
      createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line));
    }
    this.child.stderr?.on('data', (text: Buffer) => (this.errors += text.toString()));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Kills in mid-work and returns what was answered. */
  async kill(): Promise<string[]> {
    const gone = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await gone;
    return this.lines;
  }

  async exit(): Promise<number | null> {
    const [code] = (await once(this.child, 'close')) as [number | null];
    return code;
  }
}

describe('a store whose process is killed', () => {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'halfmq-kill-'));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  it.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
    'has everything that was answered, with %s',
    async (flush) => {
      const answered: string[] = [];
      for (let round = 0; round < 4; round++) {
        const worker = new Worker(path, flush);
        await until('it has worked', () => worker.lines.length > 300 + round * 100);
        answered.push(...(await worker.kill()));
        const store = await openStore(workOptions(path));
        expect(checkWork(store, answered)).toEqual([]);
        await store.close();
      }
    },
    60_000,
  );

  it('is refused to a second process while it lives, by one line that names it, and free when it was killed', async () => {
    const first = new Worker(path, 'ASYNC_FLUSH');
    await until('it is open', () => first.lines.includes('open'));
    const second = new Worker(path, 'ASYNC_FLUSH');
    expect(await second.exit()).toBe(3);
    expect(second.errors).toBe(
      `${path} is in use by process ${first.pid}: stop it, or give this broker a store folder of its own\n`,
    );
    await expect(openStore(workOptions(path))).rejects.toMatchObject({ kind: 'locked' });
    await first.kill();
    await (await openStore(workOptions(path))).close();
  }, 30_000);
});
