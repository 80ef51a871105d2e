import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, type CheckOptions } from './checking.js';
import { Random } from './random.js';
import { Recording } from './recording.js';

const CUTS = 15;

/** Losses the checks must find: a check that finds nothing proves nothing. */
const LOSSES: readonly { readonly name: string; readonly plant: Partial<CheckOptions> }[] = [
  { name: 'a sync of a segment that says it is done and is not', plant: { lie: 'segments' } },
  { name: 'a sync of a folder that says it is done and is not', plant: { lie: 'folders' } },
  { name: 'a byte of a synced block that is another', plant: { plant: 'byte' } },
  { name: 'a verdict that the store does not know', plant: { plant: 'verdict' } },
  { name: 'a message that nobody has sent', plant: { plant: 'extra' } },
  { name: 'a setting that is older than promised', plant: { plant: 'setting' } },
];

export async function plantedLosses(
  library: string,
  folder: string,
  seed: number,
): Promise<{ name: string; found: boolean }[]> {
  const random = new Random(seed);
  const recording = Recording.begin(join(folder, 'planted'), { flush: 'SYNC_FLUSH', apart: false });
  await recording.run(library, random, 1, 80);
  const images = join(folder, 'planted-checker');
  mkdirSync(images);
  const results: { name: string; found: boolean }[] = [];
  for (const { name, plant } of LOSSES) {
    const seeds = Array.from({ length: CUTS }, (_, index) => index);
    const { failures } = await check(recording, { library, seeds, folder: images, ...plant });
    results.push({ name, found: failures.length > 0 });
  }
  return results;
}
