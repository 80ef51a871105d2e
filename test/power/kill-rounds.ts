import { randomInt } from 'node:crypto';
import { commandLine } from '../kit/command-line.js';
import { Cluster } from '../kit/cluster.js';
import { BrokerRounds } from './broker-rounds.js';
import { Random } from './random.js';
import { writeResult } from './result.js';
import { StoreRounds } from './store-rounds.js';

const HELP = `npm run kill-rounds     kills with SIGKILL under load, starts again on the same folder, and looks for what was promised

  --rounds N       so many (50): of five two kill a whole broker that is used over its wire, three the process of a store
                   alone, which is at its work sooner
  --seed S         when
  --outputFile F   writes counts as jest does`;

const { values, whole } = commandLine(HELP, {
  rounds: { type: 'string', default: '50' },
  seed: { type: 'string', default: String(randomInt(1_000_000)) },
  json: { type: 'boolean' },
  outputFile: { type: 'string' },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Of long runs: how far it is. */
const STEP = 100;
const soFar = (name: string, round: number, answers: number): void => {
  if (round % STEP === 0 && round > 0) print(`${round} kills ${name} so far, ${answers} answers kept`);
};

async function ofBroker(rounds: number, random: Random): Promise<number> {
  const cluster = await Cluster.start();
  try {
    const broker = new BrokerRounds(cluster, random);
    for (let round = 0; round < rounds; round++) {
      await broker.round();
      soFar('of a broker', round, broker.answers);
    }
    await broker.end();
    return broker.answers;
  } finally {
    await cluster.stop();
  }
}

async function ofStore(rounds: number, random: Random): Promise<number> {
  const store = new StoreRounds(random);
  try {
    for (let round = 0; round < rounds; round++) {
      await store.next();
      soFar('of a store', round, store.answers);
    }
    return store.answers;
  } finally {
    store.end();
  }
}

async function main(): Promise<void> {
  const [all, seed] = [whole('rounds', 1), whole('seed')];
  const random = new Random(seed);
  const outcome = { passed: 0, failed: 0, skipped: 0 };
  const broker = Math.round((all * 2) / 5);
  const kinds = [
    { name: 'of a broker', rounds: broker, run: ofBroker },
    { name: 'of a store', rounds: all - broker, run: ofStore },
  ];
  print(`${all} rounds, seed ${seed}`);
  await Promise.all(
    kinds.map(async ({ name, rounds, run }) => {
      try {
        const answers = await run(rounds, random);
        print(`${rounds} kills ${name}: all of ${answers} answers were kept`);
        outcome.passed++;
      } catch (error) {
        print(
          `${rounds} kills ${name} FAILED: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
        outcome.failed++;
      }
    }),
  );
  writeResult(outcome, values.outputFile);
}

await main();
