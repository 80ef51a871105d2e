import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  getRouteinfoByTopic,
  Permission,
  subscriptionGroupConfig,
  updateAndCreateSubscriptiongroup,
  updateAndCreateTopic,
  updateConsumerOffset,
  type Command,
} from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { WireClient } from '../kit/wire-client.js';
import { sendsOver, topicNumber } from './frames.js';
import { sending } from './loads.js';
import type { Measure } from './measure.js';
import { node, startServer, type Server } from './server.js';
import { Servers, THIS_VERSION } from './servers.js';

/**
 * What many topics and groups cost: `node test/dist/bench/many-topics.js [--topics 10000] [--groups 2000] [--rounds 5]`.
 *
 * A broker beside a name server is given topics of four queues, a message in each queue, and groups that have read some of
 * them. It is started again; then sends to one topic and sends that go round all of them take turns. What is wanted: 500 MB
 * at most, a start within 3 s, nine tenths of one topic's rate.
 */

const QUEUES = 4;
/** Topics that each group reads. */
const READ = 5;
/** Requests under way at once. */
const AT_ONCE = 500;
/** Longer than the period in which name servers are told again. */
const IDLE_MS = 40_000;

const kind = { type: 'string' } as const;
const { values } = parseArgs({ options: { topics: kind, groups: kind, rounds: kind, sends: kind } });
const topics = Number(values.topics ?? 10_000);
const groups = Number(values.groups ?? 2_000);
const rounds = Number(values.rounds ?? 5);
const sends = Number(values.sends ?? 160_000);

const line = (text: string): void => void process.stdout.write(`${text}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (begun: number): string => `${((performance.now() - begun) / 1000).toFixed(2)} s`;
const cpu = (server: Server): string => `${(server.cpuMicros() / 1e6).toFixed(2)} s`;
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** Pages of mapped files are the kernel's to take back. */
const memory = (server: Server): string =>
  `${server.memoryMb().toFixed(0)} MB, ${server.ownMemoryMb().toFixed(0)} without mapped files`;

async function inParts(count: number, ask: (nth: number) => Promise<Command>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const part = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, nth) => ask(from + nth));
    for (const { code, remark } of await Promise.all(part))
      if (code !== 0) throw new Error(`refused with ${code}: ${remark}`);
  }
}

const topicOf = (nth: number): object => ({
  topic: topicNumber(nth),
  readQueueNums: QUEUES,
  writeQueueNums: QUEUES,
  perm: Permission.READ | Permission.WRITE,
});

async function fill(broker: Server): Promise<void> {
  const client = new WireClient(`127.0.0.1:${broker.port}`);
  try {
    let begun = performance.now();
    await inParts(topics, (nth) =>
      client.ask(updateAndCreateTopic, topicOf(nth) as Parameters<typeof updateAndCreateTopic.encode>[0]),
    );
    line(`  ${topics} topics made in ${seconds(begun)}`);
    begun = performance.now();
    await inParts(groups, (nth) =>
      client.ask(updateAndCreateSubscriptiongroup, {}, subscriptionGroupConfig(`g${nth}`)),
    );
    line(`  ${groups} groups made in ${seconds(begun)}`);
    await sending([broker], [QUEUES, 128, topics * QUEUES], { frames: sendsOver(topics) });
    await inParts(groups * READ * QUEUES, (nth) => client.ask(updateConsumerOffset, offsetOf(nth)));
  } finally {
    await client.close();
  }
}

function offsetOf(nth: number): Parameters<typeof updateConsumerOffset.encode>[0] {
  const group = Math.floor(nth / QUEUES / READ);
  const topic = (group * 7 + (Math.floor(nth / QUEUES) % READ)) % topics;
  return { consumerGroup: `g${group}`, topic: topicNumber(topic), queueId: nth % QUEUES, commitOffset: 1 };
}

/** Until a client that asks the name server is told where the last topic is. */
async function untilKnown(nameServer: string): Promise<void> {
  const client = new WireClient(nameServer);
  try {
    while ((await client.ask(getRouteinfoByTopic, { topic: topicNumber(topics - 1) })).code !== 0)
      await pause(5);
  } finally {
    await client.close();
  }
}

async function idle(broker: Server): Promise<void> {
  const before = broker.cpuMicros();
  await pause(IDLE_MS);
  const share = (broker.cpuMicros() - before) / IDLE_MS / 10;
  line(`  idle: ${share.toFixed(2)} % of a core, ${memory(broker)}`);
}

async function turns(broker: Server): Promise<void> {
  const found = { one: [] as Measure[], all: [] as Measure[] };
  for (let round = 0; round < rounds; round++) {
    found.one.push(await sending([broker], [8, 128, sends], { frames: sendsOver(1) }));
    found.all.push(await sending([broker], [8, 128, sends], { frames: sendsOver(topics) }));
  }
  for (const [name, measures] of Object.entries(found)) {
    const of = (pick: (each: Measure) => number | undefined): number =>
      median(measures.map((m) => pick(m) ?? 0));
    line(
      `  ${name}: ${of((m) => m.perSecond).toFixed(0)} sends/s, main thread ${of((m) => m.mainMicros).toFixed(2)} us each, ` +
        `p99 ${of((m) => m.p99Ms).toFixed(1)} ms`,
    );
  }
  const ratio = (pick: (each: Measure) => number | undefined): number =>
    median(found.all.map((each, round) => (pick(each) ?? 0) / (pick(found.one[round] ?? {}) ?? 1)));
  line(
    `  all / one: rate ${ratio((m) => m.perSecond).toFixed(3)}, main thread ${ratio((m) => m.mainMicros).toFixed(3)}`,
  );
}

const servers = new Servers(process.execArgv);
let nameServer: Server | undefined;
try {
  const port = await freePort();
  const cli = join(THIS_VERSION.root, 'apps/cli/dist/main.js');
  nameServer = await startServer(node(port, cli, ['namesrv', '-o', `listenPort=${port}`]));
  const namesrvAddr = `127.0.0.1:${port}`;
  const folder = servers.emptyFolder('many-topics');
  const start = (): Promise<Server> => servers.startBroker(THIS_VERSION, folder, { namesrvAddr });
  const first = await start();
  line(`an empty broker: ${memory(first)}, open after ${first.startMs.toFixed(0)} ms, CPU ${cpu(first)}`);
  try {
    await fill(first);
    line(`  filled: ${memory(first)}`);
  } finally {
    await first.stop();
  }
  const begun = performance.now();
  const broker = await start();
  const started = cpu(broker);
  try {
    await untilKnown(namesrvAddr);
    line(`started again: port open after ${broker.startMs.toFixed(0)} ms, CPU ${started}`);
    line(`  routes known after ${seconds(begun)}, CPU ${cpu(broker)}`);
    await idle(broker);
    await turns(broker);
    line(`  then: broker ${memory(broker)}; name server ${memory(nameServer)}`);
  } finally {
    await broker.stop();
  }
} finally {
  await nameServer?.stop();
  await servers.stop();
}
