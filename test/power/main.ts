import { randomInt } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../kit/command-line.js';
import { buildPreload } from '../kit/preload.js';
import { check } from './checking.js';
import { Campaign, type Generation } from './campaign.js';
import { plantedLosses } from './planted.js';
import { Recording } from './recording.js';
import { writeResult, type Outcome } from './result.js';

const HELP = `npm run power-cuts     records what a store at work asks of the disk, cuts the power at random points of it, and opens
                       the store on every disk that may be left. Needs Linux and a C compiler

  --cuts N                    so many (2000)
  --seed S                    where
  --outputFile F              writes counts as jest does
  --replay FOLDER --cut S     makes one cut of a kept recording again: what failed says which`;

const { values, whole } = commandLine(HELP, {
  cuts: { type: 'string', default: '2000' },
  seed: { type: 'string', default: String(randomInt(1_000_000)) },
  replay: { type: 'string' },
  cut: { type: 'string' },
  json: { type: 'boolean' },
  outputFile: { type: 'string' },
});
const [seed, cuts] = [whole('seed'), whole('cuts', 1)];
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const RECORDER = join(import.meta.dirname, '../../power/recorder.c');
const KEPT = join(tmpdir(), 'halfmq-power-cuts-kept');

/** Files in memory, where there is such a file system: thousands of disks are made. */
function workFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'halfmq-power-'));
}

/** A recording with failures is kept, and what to type to see one again. */
function report({ recording, name, checked }: Generation): void {
  print(
    `${name}: ${checked.cuts} cuts, ${checked.promising} after a promise, ${checked.failures.length} failed`,
  );
  if (checked.failures.length === 0) return;
  const kept = join(KEPT, `${seed}-${name.replaceAll(' ', '-')}`);
  cpSync(recording.folder, kept, { recursive: true });
  for (const { seed, problems } of checked.failures.slice(0, 5)) {
    print(`  npm run power-cuts -- --replay ${kept} --cut ${seed}`);
    for (const problem of problems.slice(0, 4)) print(`    ${problem}`);
  }
}

async function campaign(library: string, folder: string): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: 0 };
  const count = (good: boolean): void => void (good ? outcome.passed++ : outcome.failed++);
  const all = new Campaign(library, folder, seed, cuts);
  let made = 0;
  await all.run((generation) => {
    report(generation);
    made += generation.checked.cuts;
    count(generation.checked.failures.length === 0 && generation.checked.promising > 0);
  });
  print(`${made} power cuts, seed ${seed}`);
  for (const { name, found } of await plantedLosses(library, folder, seed)) {
    print(`${found ? 'found' : 'NOT FOUND'}: ${name}`);
    count(found);
  }
  return outcome;
}

async function replay(library: string, folder: string, kept: string): Promise<Outcome> {
  const recording = Recording.kept(kept);
  const { failures } = await check(recording, { library, seeds: [whole('cut')], folder });
  for (const { problems } of failures) for (const problem of problems) print(problem);
  print(failures.length === 0 ? 'nothing is wrong after this cut' : 'this cut failed');
  return { passed: 1 - failures.length, failed: failures.length, skipped: 0 };
}

async function main(): Promise<void> {
  const folder = workFolder();
  try {
    const library = buildPreload(RECORDER, folder);
    if (library === undefined) {
      print('power cuts are skipped: they need Linux and a C compiler (gcc)');
      return writeResult({ passed: 0, failed: 0, skipped: 1 }, values.outputFile);
    }
    mkdirSync(KEPT, { recursive: true });
    const outcome =
      values.replay === undefined
        ? await campaign(library, folder)
        : await replay(library, folder, values.replay);
    writeResult(outcome, values.outputFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
