import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Trace } from './left-behind.js';
import { until } from './until.js';

/** This file is run from its source by jest, and compiled by what has a command of its own. */
const ROOT = import.meta.url.includes('/test/dist/') ? '../../../' : '../../';
const CLI = fileURLToPath(new URL(`${ROOT}apps/cli/dist/main.js`, import.meta.url));
const LOG_LIMIT = 64 * 1024;

/** The compiled command, which `npm test` builds first. */
export const HALFMQ: readonly [node: string, script: string] = [process.execPath, CLI];

/** A `halfmq` process as a user would start it: real ports, real signals, its last 64 KiB of output kept. */
export class HalfmqProcess {
  private child: ChildProcess | undefined;
  private output = '';
  private readonly listeners: ((said: string) => void)[] = [];
  private readonly trace = new Trace();

  constructor(
    private readonly args: readonly string[],
    private readonly ready: RegExp = /boot success/,
    private readonly env: NodeJS.ProcessEnv = {},
    /** another command of the same package */
    private readonly script = HALFMQ[1],
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Standard output and standard error of the last start, mixed as they came. */
  get log(): string {
    return this.output;
  }

  /** Hears all it says from now on, over its restarts. */
  watch(listener: (said: string) => void): void {
    this.listeners.push(listener);
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get exitCode(): number | null {
    return this.child?.exitCode ?? null;
  }

  /** Resolves when the ready line was printed; rejects with the process's own words when it ends before. */
  async start(limitMs = 30_000): Promise<void> {
    const child = spawn(HALFMQ[0], [this.script, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env, ...this.trace.env },
    });
    this.child = child;
    this.output = '';
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string): void => {
        clearTimeout(timer);
        reject(new Error(`halfmq ${this.args.join(' ')} ${what}:\n${this.output}`));
      };
      const timer = setTimeout(() => fail(`was not ready after ${limitMs} ms`), limitMs);
      const take = (chunk: Buffer): void => {
        const said = chunk.toString();
        for (const listener of this.listeners) listener(said);
        this.output = (this.output + said).slice(-LOG_LIMIT);
        if (!this.ready.test(this.output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      // not 'exit': the last words may come after it
      child.once('close', (code, signal) => fail(`ended with ${signal ?? code}`));
      child.once('error', (error) => fail(error.message));
    });
  }

  /** SIGKILL: nothing is flushed, nothing is said. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** SIGKILL, and the same command again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Sends a signal and waits for the end, however the process takes it. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (child === undefined || !this.running) return;
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
  }

  /**
   * SIGTERM. Throws when the process is not gone after ten seconds (it is killed then), ends with an error, or leaves
   * a process of its own behind.
   */
  async stop(): Promise<void> {
    if (!this.running) return;
    const late = setTimeout(() => void this.end('SIGKILL'), 10_000);
    await this.end('SIGTERM');
    clearTimeout(late);
    if (this.child?.exitCode !== 0) {
      const how = this.child?.signalCode ?? this.child?.exitCode;
      throw new Error(
        `halfmq ${this.args.join(' ')} did not stop in order on SIGTERM (${how}):\n${this.output}`,
      );
    }
    await this.leftNothing();
  }

  private async leftNothing(): Promise<void> {
    let left: string[] = [];
    const gone = until(
      'its own processes are gone',
      async () => (left = await this.trace.processes()).length === 0,
      2_000,
    );
    await gone.catch(() => {
      throw new Error(`halfmq ${this.args.join(' ')} left processes behind:\n${left.join('\n')}`);
    });
  }
}
