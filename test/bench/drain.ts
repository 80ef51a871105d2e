import { parseArgs } from 'node:util';
import { Permission, updateAndCreateTopic } from '@halfmq/remoting';
import { openStore, type MessageStore, type NewMessage } from '@halfmq/store';
import { asUsual, workMessage } from '../kit/store-work.js';
import { WireClient } from '../kit/wire-client.js';
import { sends, sequentialPulls } from './frames.js';
import { run, runPaced, type LoadResult } from './load.js';
import type { Server } from './server.js';
import { Servers, THIS_VERSION } from './servers.js';

/**
 * A backlog is drained while sends go on: `node test/dist/bench/drain.js --messages 10000000 [--body 100]`.
 *
 * A store is filled, a broker started on it, and what it does alone is measured first: sends, and pulls of 32 from the
 * oldest on, each queue by one connection, over a tenth of the backlog. Then the rest is pulled while sends come at 80 % of
 * their rate. What is wanted: both keep their rates, up to what the machine's processors have to give to both.
 */

const BACKLOG = 'backlog';
const QUEUES = 4;
const PULLED_AT_ONCE = 32;
const BATCH = 64;
/** Appends that arrive in one turn. */
const BATCHES = 16;
const SENDS = 160_000;
const PACE = 0.8;

const kind = { type: 'string' } as const;
const { values } = parseArgs({ options: { messages: kind, body: kind } });
const aQueue =
  Math.floor(Number(values.messages ?? 1_000_000) / QUEUES / PULLED_AT_ONCE / 10) * 10 * PULLED_AT_ONCE;
const body = 'x'.repeat(Number(values.body ?? 100));

const line = (text: string): void => void process.stdout.write(`${text}\n`);

async function fill(path: string): Promise<void> {
  const store = await openStore(asUsual(path));
  const batch = Array.from({ length: BATCH }, (_, each) => workMessage(BACKLOG, each % QUEUES, body));
  while (store.maxOffset(BACKLOG, QUEUES - 1) < aQueue) await turn(store, batch);
  await store.close();
}

function turn(store: MessageStore, batch: readonly NewMessage[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (let nth = 1; nth < BATCHES; nth++) store.append(batch, (error) => error && reject(error));
    store.append(batch, (error) => (error ? reject(error) : resolve()));
  });
}

async function makeTopic(broker: Server): Promise<void> {
  const client = new WireClient(`127.0.0.1:${broker.port}`);
  const perm = Permission.READ | Permission.WRITE;
  await client.ask(updateAndCreateTopic, {
    topic: BACKLOG,
    readQueueNums: QUEUES,
    writeQueueNums: QUEUES,
    perm,
  });
  await client.close();
}

/** @param from share of the backlog where it begins @param to and ends */
function pull(broker: Server, from: number, to: number): Promise<LoadResult> {
  const first = (aQueue / PULLED_AT_ONCE) * from;
  return run({
    targets: [broker],
    connections: QUEUES,
    window: 4,
    total: (aQueue / PULLED_AT_ONCE) * (to - from) * QUEUES,
    frames: sequentialPulls(BACKLOG, PULLED_AT_ONCE, first),
  });
}

/** Until told to stop. @returns sends a second, a row of them */
async function sendOn(broker: Server, perSecond: number, goesOn: () => boolean): Promise<number[]> {
  const rates: number[] = [];
  const load = { targets: [broker], connections: 4, window: 512, total: Math.ceil(perSecond), frames: sends };
  while (goesOn()) rates.push((await runPaced(load, perSecond)).perSecond);
  return rates;
}

async function measure(broker: Server): Promise<void> {
  await run({ targets: [broker], connections: 8, window: 128, total: SENDS, frames: sends });
  const alone = await run({ targets: [broker], connections: 8, window: 128, total: SENDS, frames: sends });
  const pulls = await pull(broker, 0, 0.1);
  const rate = (messages: number): string => `${messages.toFixed(0)}/s`;
  line(`alone: sends ${rate(alone.perSecond)}, pulls ${rate(pulls.perSecond * PULLED_AT_ONCE)}`);
  let draining = true;
  const [drained, sent] = await Promise.all([
    pull(broker, 0.1, 1).finally(() => (draining = false)),
    sendOn(broker, alone.perSecond * PACE, () => draining),
  ]);
  const median = sent.toSorted((a, b) => a - b)[Math.floor(sent.length / 2)] ?? 0;
  line(
    `together: sends ${rate(median)} (${(median / alone.perSecond).toFixed(2)} of alone), ` +
      `pulls ${rate(drained.perSecond * PULLED_AT_ONCE)} (${(drained.perSecond / pulls.perSecond).toFixed(2)} of alone), ` +
      `drained in ${drained.seconds.toFixed(1)} s`,
  );
  line(`memory: ${broker.memoryMb().toFixed(0)} MB, ${broker.ownMemoryMb().toFixed(0)} without mapped files`);
}

const servers = new Servers(process.execArgv);
try {
  const folder = servers.emptyFolder('drain');
  await fill(folder);
  line(`${aQueue * QUEUES} messages of ${body.length} B in ${QUEUES} queues`);
  const broker = await servers.startBroker(THIS_VERSION, folder, { brokerName: asUsual(folder).brokerName });
  try {
    await makeTopic(broker);
    await measure(broker);
  } finally {
    await broker.stop();
  }
} finally {
  await servers.stop();
}
