/**
 * A process that makes power cuts of a recording, opens the store on each image as another boot of the machine would,
 * and says what is wrong. Arguments: one JSON object (CheckerTask). Prints a line before and a line after each cut.
 */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { ManualClock } from '@halfmq/remoting/record';
import { openStore } from '@halfmq/store';
import { problemsOf } from './check-store.js';
import { Cutting } from './cuts.js';
import type { Image, Lie } from './disk.js';
import { planted, type Plant } from './planting.js';
import type { Promises } from './promises.js';
import { Random } from './random.js';
import { Recording, writeImage, type Shape } from './recording.js';
import { newestIds, options, Workload } from './workload.js';

export interface CheckerTask {
  readonly recording: string;
  readonly seeds: readonly number[];
  /** where images are made */
  readonly disk: string;
  readonly boot: string;
  readonly lie?: Lie;
  readonly plant?: Plant;
}

export type CheckerLine =
  | { readonly begin: number }
  | { readonly seed: number; readonly problems: readonly string[]; readonly promised: number };

const task = JSON.parse(process.argv[2] ?? '') as CheckerTask;
const say = (line: CheckerLine): void => void writeSync(1, `${JSON.stringify(line)}\n`);

/** Opens and checks; of every third store also works on, closes, opens and checks again. */
async function check(shape: Shape, image: Image, promises: Promises, seed: number): Promise<string[]> {
  rmSync(task.disk, { recursive: true, force: true });
  writeImage(task.disk, image);
  writeFileSync(task.boot, `${randomUUID()}\n`);
  const clock = new ManualClock(promises.now + 1);
  const random = new Random(seed);
  const store = await openStore(options(task.disk, clock, shape));
  promises.recall(new Set(newestIds(store)));
  const problems = await problemsOf(store, promises);
  if (problems.length > 0 || random.chance(2 / 3)) {
    await store.close();
    return problems;
  }
  const end = store.maxPhysicalOffset;
  promises.take({ say: 'opened', end, sync: true, afterPowerLoss: true, newest: [] }, 0);
  const work = new Workload(store, clock, random, (note) => promises.take(note, 0), promises.last);
  for (let turn = 0; turn < 3; turn++) {
    work.turn();
    await new Promise((next) => setImmediate(next));
  }
  await store.close();
  promises.take({ say: 'closed', n: work.n }, 0);
  const again = await openStore(options(task.disk, clock, shape));
  const later = await problemsOf(again, promises);
  problems.push(...later.map((problem) => `when opened once more: ${problem}`));
  await again.close();
  return [...problems, ...promises.complaints];
}

async function run(): Promise<void> {
  const recording = Recording.kept(task.recording);
  const cutting = new Cutting(recording, task.lie);
  for (const cut of cutting.plan(task.seeds)) {
    say({ begin: cut.seed });
    const made = cutting.make(cut);
    const { image, promises } = task.plant ? planted(task.plant, made) : made;
    const { promised } = promises;
    const problems = await check(recording.shape, image, promises, cut.seed).catch((error: unknown) => [
      `it did not open by itself: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    ]);
    say({ seed: cut.seed, problems, promised });
  }
}

await run();
