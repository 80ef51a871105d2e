/** See HELP. */
import { randomInt } from 'node:crypto';
import { commandLine } from '../kit/command-line.js';
import { writeResult } from '../power/result.js';
import { whenInterrupted } from '../torture/interrupted.js';
import { Campaign } from './campaign.js';
import { findPlanted, PLANTS, type Plant } from './planted.js';
import { startTarget } from './target.js';

const HELP = `npm run fuzz                      sends nonsense to a broker and a name server, on every door, and looks whether they mind

  --frames N       so many frames and requests, at least (100000)
  --seed S         which; a failure names the seed of its connection, and --frames 1 --seed S says that alone again
  --minutes M      ends by then, however many it has sent
  --outputFile F   writes counts as jest does`;

/** Long enough for whatever waits for another client, which answers nonsense or has gone. */
const LIMIT_MS = 30_000;
const MOST_COMPLAINTS = 5;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const { values, whole, positive } = commandLine(HELP, {
  frames: { type: 'string', default: '100000' },
  seed: { type: 'string', default: String(randomInt(1_000_000)) },
  minutes: { type: 'string', default: 'Infinity' },
  json: { type: 'boolean' },
  outputFile: { type: 'string' },
});

/** @returns what is wrong */
async function fuzz(seed: number, frames: number, minutes: number): Promise<readonly string[]> {
  const target = await startTarget();
  whenInterrupted(target.close);
  print(`seed ${seed}, ${frames} frames`);
  const began = performance.now();
  const until = began + minutes * 60_000;
  const campaign = new Campaign(target, {
    seed,
    frames,
    until,
    limitMs: LIMIT_MS,
    most: MOST_COMPLAINTS,
    print,
  });
  try {
    return await campaign.run();
  } finally {
    const seconds = Math.round((performance.now() - began) / 1000);
    print(`${campaign.frames} frames in ${seconds} s, ${campaign.messages} messages among them`);
    await target.close();
  }
}

/** @returns those that were not found */
async function tryPlants(seed: number): Promise<readonly Plant[]> {
  const real = await startTarget();
  const missed: Plant[] = [];
  try {
    for (const plant of PLANTS) {
      const found = await findPlanted(plant, seed, real);
      print(`${found === undefined ? 'NOT FOUND' : 'found'}: a broker that ${plant.name}`);
      if (found === undefined) missed.push(plant);
    }
  } finally {
    await real.close();
  }
  return missed;
}

async function main(): Promise<void> {
  const [seed, frames] = [whole('seed'), whole('frames')];
  const complaints = await fuzz(seed, frames, positive('minutes'));
  for (const complaint of complaints) print(`FAILED: ${complaint}`);
  const plants = frames > 1 ? PLANTS.length : 0;
  const missed = plants > 0 ? await tryPlants(seed) : [];
  const failed = Math.min(1, complaints.length) + missed.length;
  writeResult({ passed: 1 + plants - failed, failed, skipped: 0 }, values.outputFile);
}

try {
  await main();
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
