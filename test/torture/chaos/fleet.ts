import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Counts, Told } from './told.js';

const TRIES = 30;
const WORDS = 2_000;

/** One service as a process that is killed and started again. */
export class Service {
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly script: string,
    private readonly args: () => readonly string[],
    private readonly counts: Counts,
  ) {}

  /**
   * Resolves when it is at work: its database, or its broker, may be away just now.
   * @throws with its last words when it does not come to work
   */
  async start(): Promise<void> {
    let words = '';
    for (let tries = 1; tries <= TRIES; tries++) {
      const child = fork(fileURLToPath(new URL(this.script, import.meta.url)), this.args(), {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      this.child = child;
      this.ended = once(child, 'close');
      words = '';
      child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-WORDS)));
      if (await this.isAtWork(child)) return;
    }
    throw new Error(`the ${this.name} does not start:\n${words}`);
  }

  private isAtWork(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      child.on('message', (told: Told) => {
        this.counts[told] = (this.counts[told] ?? 0) + 1;
        if (told === 'ready') resolve(true);
      });
      child.once('close', () => resolve(false));
    });
  }

  /** It may have ended by itself. */
  get isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  say(word: string): void {
    if (this.child?.connected) this.child.send(word);
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
  }
}
