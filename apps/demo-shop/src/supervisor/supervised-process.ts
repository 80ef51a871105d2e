import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Cancel, Clock } from '@halfmq/transaction';
import { ShopError } from './settings.js';

export interface ProcessSpec {
  readonly name: string;
  /** Arguments for Node, or for `command`: the script and its own arguments. */
  readonly args: readonly string[];
  /** Another interpreter than Node. Its standard input ends when the supervisor is gone, and so must it. */
  readonly command?: string;
  /** Asked for at every start, so that a process started again hears today's settings. */
  readonly env: () => NodeJS.ProcessEnv;
  /** Where it can be reached, for people. */
  readonly where: string;
  readonly logFile: string;
  /** The line of its output that says it is up. Without it the process says so itself: `{ kind: 'ready' }`. */
  readonly readyLine?: RegExp;
  readonly onMessage?: (message: unknown) => void;
  /** After it became ready, at each start. */
  readonly onReady?: () => void;
}

export type ProcessState = 'idle' | 'starting' | 'running' | 'dead' | 'stopping' | 'stopped';

const GUARD = new URL('../../dist/supervisor/orphan-guard.js', import.meta.url).href;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
const LAST_WORDS = 12;

/**
 * A process that is kept alive.
 *
 *   idle -> starting -> running -> dead -> starting -> …    it died: started again after a pause
 *   any -> stopping -> stopped                              we want it to end; final
 *
 * The pause doubles with every death before readiness and begins anew with every readiness. Only the very first start may
 * give up: a process that has never been ready most likely never will be.
 */
export class SupervisedProcess {
  state: ProcessState = 'idle';
  restarts = 0;
  private child: ChildProcess | undefined;
  private log: WriteStream | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private cancelRestart: Cancel = () => undefined;
  private everReady = false;
  private lastWords: string[] = [];
  private readonly waiting: { resolve(): void; reject(error: Error): void }[] = [];

  constructor(
    readonly spec: ProcessSpec,
    private readonly clock: Clock,
    private readonly report: (line: string) => void,
    private readonly onChange: () => void,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it is ready. @throws ShopError with its last lines when it dies first. */
  start(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => this.waiting.push({ resolve, reject }));
    this.launch();
    return ready;
  }

  tell(message: object): void {
    if (this.child?.connected === true) this.child.send(message, () => undefined);
  }

  /** Kills it as a power cut would; it is then started again. */
  kill(): void {
    this.signal('SIGKILL');
  }

  /** Kills it for good. */
  end(): void {
    this.cancelRestart();
    this.state = 'stopped';
    this.kill();
  }

  /** Asks it to end, and after `graceMs` insists. Safe to call again. */
  async stop(graceMs: number): Promise<void> {
    this.cancelRestart();
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      this.enter('stopped');
      return;
    }
    this.enter('stopping');
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const cancel = this.clock.after(graceMs, () => this.signal('SIGKILL'));
    await ended;
    cancel();
    this.log?.end();
    this.enter('stopped');
  }

  private launch(): void {
    this.enter('starting');
    this.log ??= createWriteStream(this.spec.logFile, { flags: 'a' });
    this.lastWords = [];
    const child = this.spawn();
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.heard(line));
    }
    child.on('message', (message) => this.received(message));
    child.on('error', (error) => this.heard(String(error)));
    child.once('exit', (code, signal) => this.died(child, signal ?? `exit code ${code}`));
  }

  private spawn(): ChildProcess {
    const { command, args, env } = this.spec;
    // Its own process group: Ctrl-C in the terminal reaches the supervisor alone, which then stops all in order.
    const options = { env: env(), detached: true };
    if (command !== undefined) return spawn(command, args, { ...options, stdio: 'pipe' });
    const node = ['--enable-source-maps', '--import', GUARD, ...args];
    return spawn(process.execPath, node, { ...options, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  }

  private heard(line: string): void {
    this.log?.write(`${line}\n`);
    this.lastWords.push(line);
    if (this.lastWords.length > LAST_WORDS) this.lastWords.shift();
    if (this.state === 'starting' && this.spec.readyLine?.test(line) === true) this.becameReady();
  }

  private received(message: unknown): void {
    const kind =
      typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
    if (kind === 'ready' && this.state === 'starting') this.becameReady();
    else this.spec.onMessage?.(message);
  }

  private becameReady(): void {
    this.pauseMs = FIRST_PAUSE_MS;
    if (this.everReady) this.report(`${this.spec.name} is back (pid ${this.pid ?? '?'})`);
    this.everReady = true;
    this.enter('running');
    this.spec.onReady?.();
    for (const waiter of this.waiting.splice(0)) waiter.resolve();
  }

  private died(child: ChildProcess, how: string): void {
    if (child !== this.child || this.state === 'stopping' || this.state === 'stopped') return;
    const before = this.state;
    this.enter('dead');
    if (!this.everReady) {
      const words = this.lastWords.map((line) => `  ${line}`).join('\n');
      const error = new ShopError(`${this.spec.name} did not start (${how}).\n${words}`);
      for (const waiter of this.waiting.splice(0)) waiter.reject(error);
      return;
    }
    this.report(`${this.spec.name} died (${how}, pid ${child.pid ?? '?'}), starting it again`);
    this.restarts += 1;
    if (before === 'starting') this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    this.cancelRestart = this.clock.after(this.pauseMs, () => this.launch());
  }

  /** The whole process group, so that what the child has started itself goes with it. */
  private signal(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined || this.child?.exitCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.child.kill(signal);
    }
  }

  private enter(state: ProcessState): void {
    this.state = state;
    this.onChange();
  }
}
