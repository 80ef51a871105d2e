import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../kit/command-line.js';
import { writeResult, type Outcome } from '../power/result.js';
import type { Lived } from './lives.js';
import { findPlanted, PLANTS } from './planted.js';

const HELP = `npm run model     does random steps to real brokers and to the model of the ledger beside them, and compares both after each

  --steps N        so many at least (100000)
  --seed S         the life of the first broker; each lives that of a seed of its own
  --outputFile F   writes counts as jest does

One that fails is printed with its shortest way there; --steps 1 --seed S goes it again.`;

const { values, whole } = commandLine(HELP, {
  steps: { type: 'string', default: '100000' },
  seed: { type: 'string', default: String(randomInt(1_000_000)) },
  json: { type: 'boolean' },
  outputFile: { type: 'string' },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const PROCESSES = 2;
const PROGRESS_STEPS = 20_000;

/** Of a failure that could not be made short, the last ones. */
const STEPS_SHOWN = 40;

function report({ seed, failure }: Lived): void {
  if (!failure) return;
  print(`FAILED: npm run model -- --steps 1 --seed ${seed}`);
  for (const [at, step] of failure.steps.entries()) {
    if (at >= failure.steps.length - STEPS_SHOWN) print(`  ${at + 1}. ${JSON.stringify(step)}`);
  }
  print(`  ${failure.message}`);
}

/** Lives until enough was done, or one has failed. */
class Campaign {
  done = 0;
  lives = 0;
  failed = 0;
  private told = 0;

  constructor(
    private next: number,
    private readonly steps: number,
  ) {}

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.steps < 1_000 ? 1 : PROCESSES }, () => this.side()));
  }

  private async side(): Promise<void> {
    const child = fork(fileURLToPath(new URL('./life-process.js', import.meta.url)));
    try {
      while (this.done < this.steps && this.failed === 0) this.took(await this.life(child, this.next++));
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  }

  private life(child: ChildProcess, seed: number): Promise<Lived> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void =>
        reject(new Error(`the process that lived seed ${seed} ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (lived: Lived) => {
        child.off('exit', ended);
        resolve(lived);
      });
      child.send(seed);
    });
  }

  private took(lived: Lived): void {
    this.lives++;
    this.done += lived.done;
    if (lived.failure) this.failed++;
    report(lived);
    if (this.done - this.told < PROGRESS_STEPS) return;
    this.told = this.done;
    print(`${this.done} steps so far`);
  }
}

async function main(): Promise<void> {
  const [seed, steps] = [whole('seed'), whole('steps', 1)];
  const outcome: Outcome = { passed: 0, failed: 0, skipped: 0 };
  const count = (good: boolean): void => void (good ? outcome.passed++ : outcome.failed++);
  const campaign = new Campaign(seed, steps);
  await campaign.run();
  print(
    `${campaign.done} steps in ${campaign.lives} lives of a broker, seed ${seed}: ${campaign.failed} failed`,
  );
  count(campaign.failed === 0);
  if (steps > 1) {
    for (const plant of PLANTS) {
      const found = await findPlanted(plant, seed);
      print(`${found === undefined ? 'NOT FOUND' : 'found'}: ${plant.name}`);
      count(found !== undefined);
    }
  }
  writeResult(outcome, values.outputFile);
}

await main();
