import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { processMemory } from '../kit/process-memory.js';
import { atExit } from './at-exit.js';
import type { Target } from './load.js';

/** A server under measurement: started by command, as users start it, and read from outside through /proc. */
export interface Server extends Target {
  /** from the command to the open port */
  readonly startMs: number;
  /** CPU time used so far by all its processes, in microseconds (user and system). */
  cpuMicros(): number;
  /** Of the thread it was started with: that of all JavaScript, without V8's helpers and the thread pool. */
  mainMicros(): number;
  /** Proportional set size in MB: what its processes add to the machine. */
  memoryMb(): number;
  /** Of that what is its own: without pages of mapped files, which the kernel takes back when it wants to. */
  ownMemoryMb(): number;
  stop(): Promise<void>;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly cwd?: string;
  readonly withinMs?: number;
}

/** A script of node. */
export function node(port: number, script: string, args: readonly string[]): Command {
  return { command: process.execPath, args: [script, ...args], port };
}

export async function startServer(command: Command): Promise<Server> {
  const begun = performance.now();
  const { args, port, env = process.env, cwd } = command;
  const child = spawn(command.command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    ...(cwd ? { cwd } : {}),
  });
  let output = '';
  const take = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-4000));
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  child.once('error', (error) => take(Buffer.from(error.message)));
  const keep = atExit(() => child.kill('SIGKILL'));
  child.once('exit', keep);
  await untilOpen(port, child, command.withinMs ?? 20_000, () => output);
  const pid = child.pid ?? 0;
  return {
    port,
    startMs: performance.now() - begun,
    ...usageOf([pid]),
    stop: () => stop(child),
  };
}

/** Of processes and all they started. */
export function usageOf(
  pids: readonly number[],
): Pick<Server, 'cpuMicros' | 'mainMicros' | 'memoryMb' | 'ownMemoryMb'> {
  const sum = (of: (pid: number) => number) => (): number =>
    pids.flatMap(tree).reduce((total, pid) => total + of(pid), 0);
  return {
    cpuMicros: sum(cpuMicros),
    mainMicros: sum((pid) => threadMicros(`/proc/${pid}/task/${pid}`)),
    memoryMb: sum((pid) => rollupMb(pid, 'Pss')),
    ownMemoryMb: sum((pid) => rollupMb(pid, 'Pss_Anon')),
  };
}

async function untilOpen(
  port: number,
  child: ChildProcess,
  withinMs: number,
  output: () => string,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output()}`);
    if (await isOpen(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill('SIGKILL');
  throw new Error(`nothing listens on ${port} after ${withinMs / 1000} s:\n${output()}`);
}

export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(Boolean(socket.destroy())));
    socket.once('error', () => resolve(false));
  });
}

/** A process and all it started. */
function tree(pid: number): number[] {
  return [
    pid,
    ...tasks(pid)
      .flatMap((task) => words(`${task}/children`).map(Number))
      .flatMap(tree),
  ];
}

/**
 * The threads' run times, in ns in /proc/<pid>/task/<tid>/schedstat. Those of ended threads are missing, which servers
 * under load have few of; /proc/<pid>/stat has them, in ticks of 10 ms, too coarse for a short load.
 */
function cpuMicros(pid: number): number {
  return tasks(pid).reduce((sum, task) => sum + threadMicros(task), 0);
}

function threadMicros(task: string): number {
  return Number(words(`${task}/schedstat`)[0] ?? 0) / 1000;
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  } catch {
    return [];
  }
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function rollupMb(pid: number, line: 'Pss' | 'Pss_Anon'): number {
  return (processMemory(pid, line) ?? 0) / 1024 / 1024;
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
