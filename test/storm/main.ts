/** See HELP. */
import { randomInt } from 'node:crypto';
import { commandLine } from '../kit/command-line.js';
import { Cluster } from '../kit/cluster.js';
import { Random } from '../power/random.js';
import { whenInterrupted } from '../torture/interrupted.js';
import { Storm } from './storm.js';

const HELP = `npm run rebalance-storm     members of a consumer group join and leave at random while messages are sent

  --members N   at once, at most (50)
  --seconds N   (60)
  --every MS    between one who comes or goes and the next, for each of four at once, on average (2000)
  --seed S      who comes and goes when`;

/** Of what was sent. */
const MOST_DOUBLED = 0.01;

const { whole } = commandLine(HELP, {
  members: { type: 'string', default: '50' },
  seconds: { type: 'string', default: '60' },
  every: { type: 'string', default: '2000' },
  seed: { type: 'string', default: String(randomInt(1_000_000)) },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const [members, seconds, everyMs] = [whole('members', 1), whole('seconds', 1), whole('every', 1)];
  const seed = whole('seed');
  const cluster = await Cluster.start();
  whenInterrupted(() => cluster.stop());
  try {
    print(`${members} members, ${seconds} s, seed ${seed}`);
    const { nameServer, brokerAddress: broker } = cluster;
    const storm = new Storm({
      nameServer,
      broker,
      members,
      seconds,
      everyMs,
      random: new Random(seed),
    });
    const { joined, left, sent, lost, doubled, unowned } = await storm.run();
    print(`${joined} joined, ${left} left, ${sent} messages: ${lost} lost, ${doubled} handled once more`);
    if (unowned.length > 0) print(`queues nobody reads: ${unowned.join(', ')}`);
    if (lost > 0 || unowned.length > 0 || doubled > MOST_DOUBLED * sent) process.exitCode = 1;
  } finally {
    await cluster.stop();
  }
}

try {
  await main();
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
