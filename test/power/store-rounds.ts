import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openStore } from '@halfmq/store';
import { checkWork } from '../kit/store-work-check.js';
import { workOptions } from '../kit/store-work.js';
import { until } from '../kit/until.js';
import type { Random } from './random.js';

const PROGRAM = join(import.meta.dirname, '../kit/store-process.js');
/** A folder is checked as a whole after each kill, and must not grow for ever. */
const KILLS_A_FOLDER = 8;

/** Kills a process that works on a store, and opens the store again. */
export class StoreRounds {
  private path = '';
  private round = 0;
  private answered: string[] = [];
  answers = 0;

  constructor(private readonly random: Random) {}

  /** @throws when something that was answered is lost, moved, doubled or undone */
  async next(): Promise<void> {
    if (this.round++ % KILLS_A_FOLDER === 0) this.begin();
    const lines = await this.work();
    this.answers += lines.length;
    this.answered.push(...lines);
    const store = await openStore(workOptions(this.path));
    const problems = checkWork(store, this.answered);
    await store.close();
    if (problems.length > 0) throw new Error(problems.slice(0, 5).join('\n'));
  }

  private async work(): Promise<string[]> {
    const flush = this.round % 2 === 0 ? 'SYNC_FLUSH' : 'ASYNC_FLUSH';
    const child = spawn(process.execPath, [PROGRAM, this.path, flush], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    await until('it has begun', () => lines.length > 0);
    await new Promise((resolve) => setTimeout(resolve, this.random.below(250)));
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
    return lines;
  }

  private begin(): void {
    this.end();
    this.path = mkdtempSync(join(tmpdir(), 'halfmq-kill-'));
    this.answered = [];
  }

  end(): void {
    if (this.path) rmSync(this.path, { recursive: true, force: true });
  }
}
