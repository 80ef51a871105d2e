import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Latencies } from './latencies.js';
import type { LoadResult } from './load.js';

/** nghttp2's load generator (Debian's nghttp2-client): in C, so that little of what is measured is its own. */
export const hasH2load = spawnSync('h2load', ['--version']).status === 0;

export interface Http2Load {
  readonly port: number;
  readonly path: string;
  /** of each request */
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** under way on each connection */
  readonly streams: number;
  readonly total: number;
}

export interface Http2Result extends LoadResult {
  /** of a body that was answered: a refusal has other bytes */
  readonly answerBytes: number;
}

const execute = promisify(execFile);
/** /proc/PID/stat counts in hundredths of a second */
const TICK_MICROS = 10_000;

/** @throws Error when a request was not answered */
export async function h2load(load: Http2Load): Promise<Http2Result> {
  const folder = mkdtempSync(join(tmpdir(), 'halfmq-h2load-'));
  try {
    const [body, log] = [join(folder, 'body'), join(folder, 'log')];
    writeFileSync(body, load.body);
    const cpu = childrenMicros();
    const { stdout } = await execute('h2load', argumentsOf(load, body, log));
    const loadMicros = (childrenMicros() - cpu) / load.total;
    return { ...resultOf(stdout, load.total), loadMicros, ...percentilesOf(readFileSync(log, 'latin1')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function argumentsOf(load: Http2Load, body: string, log: string): string[] {
  const { port, path, headers, connections, streams, total } = load;
  const words = [`-c${connections}`, `-m${streams}`, '-t1', `-n${total}`];
  for (const [name, value] of Object.entries(headers)) words.push('-H', `${name}: ${value}`);
  return [...words, `--data=${body}`, `--log-file=${log}`, `http://127.0.0.1:${port}${path}`];
}

function resultOf(
  report: string,
  total: number,
): Omit<Http2Result, 'loadMicros' | 'p50Ms' | 'p99Ms' | 'p999Ms'> {
  const [, duration = '0', unit, rate = '0'] =
    /finished in ([\d.]+)(us|ms|s|m), ([\d.]+) req/.exec(report) ?? [];
  const succeeded = Number(/(\d+) succeeded/.exec(report)?.[1]);
  if (succeeded !== total) throw new Error(`not all were answered:\n${report}`);
  const answered = Number(/\((\d+)\) data/.exec(report)?.[1]);
  const seconds = Number(duration) * ({ us: 1e-6, ms: 1e-3, m: 60 }[unit ?? 's'] ?? 1);
  return { total, seconds, perSecond: Number(rate), answerBytes: answered / total };
}

/** A line a request: when it began, its status, microseconds until it was answered. */
function percentilesOf(log: string): ReturnType<Latencies['percentiles']> {
  const lines = log.trimEnd().split('\n');
  const latencies = new Latencies(lines.length);
  for (const line of lines) latencies.add(Number(line.split('\t')[2]) / 1000);
  return latencies.percentiles();
}

/** CPU time of the processes this one has waited for. */
function childrenMicros(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MICROS;
}
