import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

/** A server under measurement: started by command, as users start it, and read from outside through /proc. */
export interface Server {
  readonly pid: number;
  readonly startMs: number;
  /** CPU time used so far, in microseconds (user and system). */
  cpuMicros(): Promise<number>;
  /** Proportional set size in MB: what the process adds to the machine. */
  memoryMb(): Promise<number>;
  stop(): Promise<void>;
}

export async function startServer(
  script: string,
  args: readonly string[],
  port: number,
  nodeArgs: readonly string[] = [],
): Promise<Server> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  await untilOpen(port, child, () => output);
  const pid = child.pid ?? 0;
  return {
    pid,
    startMs: performance.now() - begun,
    cpuMicros: () => cpuMicros(pid),
    memoryMb: () => memoryMb(pid),
    stop: () => stop(child),
  };
}

async function untilOpen(port: number, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output()}`);
    if (await isOpen(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill('SIGKILL');
  throw new Error(`nothing listens on ${port} after 20 s:\n${output()}`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(Boolean(socket.destroy())));
    socket.once('error', () => resolve(false));
  });
}

/** Fields 14 and 15 of /proc/<pid>/stat, in ticks of 10 ms. */
export async function cpuMicros(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function memoryMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
