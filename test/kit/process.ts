import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const LOG_LIMIT = 64 * 1024;

/** A `halfmq` process as a user would start it: real ports, real signals, its last 64 KiB of output kept. */
export class HalfmqProcess {
  private child: ChildProcess | undefined;
  private output = '';

  constructor(
    private readonly args: readonly string[],
    private readonly ready: RegExp,
    private readonly env: NodeJS.ProcessEnv = {},
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get log(): string {
    return this.output;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when the ready line was printed; rejects with the process's own words when it ends before. */
  async start(limitMs = 30_000): Promise<void> {
    const child = spawn(process.execPath, [CLI, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env },
    });
    this.child = child;
    this.output = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail(`was not ready after ${limitMs} ms`), limitMs);
      const fail = (what: string): void => {
        clearTimeout(timer);
        reject(new Error(`halfmq ${this.args.join(' ')} ${what}:\n${this.output}`));
      };
      const take = (chunk: Buffer): void => {
        this.output = (this.output + chunk.toString()).slice(-LOG_LIMIT);
        if (!this.ready.test(this.output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`));
      child.once('error', (error) => fail(error.message));
    });
  }

  /** SIGKILL: nothing is flushed, nothing is said. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** SIGTERM, and SIGKILL when it is not gone after ten seconds, which is an error. */
  async stop(): Promise<void> {
    const late = setTimeout(() => void this.end('SIGKILL'), 10_000);
    await this.end('SIGTERM');
    clearTimeout(late);
    if (this.child?.signalCode === 'SIGKILL') throw new Error(`did not stop on SIGTERM:\n${this.output}`);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (child === undefined || !this.running) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
