import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CheckerLine, CheckerTask } from './checker.js';
import type { Lie } from './disk.js';
import type { Plant } from './planting.js';
import type { Recording } from './recording.js';

const CHECKER = join(import.meta.dirname, 'checker.js');

export interface Failure {
  readonly seed: number;
  readonly problems: readonly string[];
}

export interface Checked {
  readonly cuts: number;
  /** cuts after which something had been promised */
  readonly promising: number;
  readonly failures: readonly Failure[];
}

export interface CheckOptions {
  readonly library: string;
  readonly seeds: readonly number[];
  /** folder for the images of this checker alone */
  readonly folder: string;
  readonly lie?: Lie;
  readonly plant?: Plant;
}

/** Makes and checks cuts in a process of their own, and in another one when that dies. */
export async function check(recording: Recording, options: CheckOptions): Promise<Checked> {
  const done = new Set<number>();
  const failures: Failure[] = [];
  let promising = 0;
  while (done.size < options.seeds.length) {
    const seeds = options.seeds.filter((seed) => !done.has(seed));
    const child = start(recording, { ...options, seeds });
    let errors = '';
    let begun: number | undefined;
    child.stderr?.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-4000)));
    const take = (text: string): void => {
      const line = JSON.parse(text) as CheckerLine;
      if ('begin' in line) begun = line.begin;
      else {
        done.add(line.seed);
        if (line.promised >= 0) promising++;
        if (line.problems.length > 0) failures.push(line);
      }
    };
    if (child.stdout) createInterface({ input: child.stdout }).on('line', take);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code === 0) continue;
    if (begun === undefined || done.has(begun))
      throw new Error(`a checker ended with ${code ?? signal}:\n${errors}`);
    done.add(begun);
    failures.push({
      seed: begun,
      problems: [`the process that opened it ended with ${code ?? signal}: ${errors}`],
    });
  }
  return { cuts: done.size, promising, failures };
}

function start(recording: Recording, { library, seeds, folder, lie, plant }: CheckOptions): ChildProcess {
  const disk = join(folder, 'disk');
  const boot = join(folder, 'boot');
  const task: CheckerTask = {
    recording: recording.folder,
    seeds,
    disk,
    boot,
    ...(lie && { lie }),
    ...(plant && { plant }),
  };
  // images are large and short-lived
  return spawn(process.execPath, ['--max-semi-space-size=32', CHECKER, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      LD_PRELOAD: library,
      UV_USE_IO_URING: '0',
      HALFMQ_POWER_ROOT: disk,
      HALFMQ_POWER_BOOT: boot,
    },
  });
}
