import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../kit/ports.js';
import { echoLimit, lmdbLimit } from './limits.js';
import { headerOf, jsonFrame, OPAQUE_MARK, patchOpaque, run, type LoadResult } from './load.js';
import { startServer, type Server } from './server.js';

/**
 * `npm run bench`: what the broker does a second and what a message costs it, beside what this machine can do
 * at most, in one run. Absolute figures are the machine's; read the ratios.
 *
 * `npm run bench -- --profile FOLDER` also writes where the broker's time goes (a .cpuprofile, for Chrome's tools).
 */

const CLI = new URL('../../../apps/cli/dist/main.js', import.meta.url).pathname;
const BODY = Buffer.alloc(1024, 'x');
const TOPIC = 'BenchTopic';
const SHAPES = [
  { connections: 1, window: 1, total: 4_000 },
  { connections: 1, window: 32, total: 60_000 },
  { connections: 8, window: 32, total: 160_000 },
  { connections: 8, window: 128, total: 240_000 },
];

type Frames = (sequence: number) => Buffer;

function framesOf(code: number, extFields: Record<string, string>, body: Buffer): Frames {
  const template = jsonFrame(code, extFields, body);
  const at = template.indexOf(OPAQUE_MARK);
  return (sequence) => patchOpaque(Buffer.from(template), at, sequence);
}

const sendFields = (properties: string): Record<string, string> => ({
  a: 'bench',
  b: TOPIC,
  c: 'TBW102',
  d: '4',
  e: '0',
  f: '0',
  g: '1700000000000',
  h: '0',
  i: `UNIQ_KEY\u00017F00000100002A9F0000000000000001\u0002WAIT\u0001true\u0002${properties}`,
  j: '0',
  k: 'false',
  m: 'false',
  n: 'bench',
});

const sends = framesOf(310, sendFields('TAGS\u0001TagA'), BODY);
const halves = framesOf(310, sendFields('TRAN_MSG\u0001true\u0002PGROUP\u0001bench'), BODY);

function pullsOf(batch: number, messages: number): Frames {
  const template = (offset: number): Buffer =>
    jsonFrame(
      11,
      {
        consumerGroup: 'bench',
        topic: TOPIC,
        queueId: '0',
        queueOffset: String(offset),
        maxMsgNums: String(batch),
        sysFlag: '4',
        commitOffset: '0',
        suspendTimeoutMillis: '0',
        subscription: '*',
        subVersion: '0',
        expressionType: 'TAG',
      },
      Buffer.alloc(0),
    );
  return (sequence) => {
    const frame = template((sequence * batch) % (messages - batch));
    return patchOpaque(frame, frame.indexOf(OPAQUE_MARK), sequence);
  };
}

/** Half message and commit, one after the other on each lane: a transaction is the pair. */
async function transactions(port: number, server: Server, count: number): Promise<[LoadResult, number]> {
  const offsets: { halfOffset: string; physicalOffset: string }[] = [];
  const before = await server.cpuMicros();
  const prepared = await run({
    host: '127.0.0.1',
    port,
    connections: 1,
    window: 32,
    total: count,
    frame: halves,
    onResponse: (frame) => {
      const { msgId = '', queueOffset = '' } = headerOf(frame).extFields ?? {};
      offsets.push({ halfOffset: queueOffset, physicalOffset: String(Number.parseInt(msgId.slice(16), 16)) });
    },
  });
  const ended = await run({
    host: '127.0.0.1',
    port,
    connections: 1,
    window: 32,
    total: count,
    frame: (sequence) => {
      const half = offsets[sequence] ?? { halfOffset: '0', physicalOffset: '0' };
      const frame = jsonFrame(
        37,
        {
          topic: TOPIC,
          producerGroup: 'bench',
          tranStateTableOffset: half.halfOffset,
          commitLogOffset: half.physicalOffset,
          commitOrRollback: '8',
          fromTransactionCheck: 'false',
          msgId: '7F00000100002A9F0000000000000001',
        },
        Buffer.alloc(0),
      );
      return patchOpaque(frame, frame.indexOf(OPAQUE_MARK), sequence);
    },
  });
  const cpu = (await server.cpuMicros()) - before;
  const seconds = prepared.seconds + ended.seconds;
  return [{ ...ended, total: count, seconds, perSecond: count / seconds }, cpu / count];
}

const number = (value: number): string => Math.round(value).toLocaleString('en-US').padStart(9);
const line = (text: string): void => void process.stdout.write(`${text}\n`);

function brokerArgs(port: number, store: string, httpPort: number): string[] {
  const settings = {
    listenPort: port,
    storePathRootDir: store,
    brokerIP1: '127.0.0.1',
    brokerName: 'bench',
    httpPort,
  };
  return ['broker', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** A broker as a user starts it, with its HTTP door; the store is empty. */
async function measureStart(folder: string): Promise<void> {
  const port = await freePort();
  const server = await startServer(CLI, brokerArgs(port, join(folder, 'start'), await freePort()), port);
  try {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const memory = (await server.memoryMb()).toFixed(0);
    line(
      `start             ${server.startMs.toFixed(0)} ms to the open port, then idle at ${memory} MB (PSS)`,
    );
  } finally {
    await server.stop();
  }
}

async function measureSends(port: number, server: Server): Promise<void> {
  line('sends, 1 KiB       sends/s   of TCP echo    p50 ms    p99 ms   CPU us/send: broker, echo');
  await run({ host: '127.0.0.1', port, connections: 2, window: 32, total: 40_000, frame: sends });
  for (const shape of SHAPES) {
    const limit = await echoLimit(sends, shape);
    const before = await server.cpuMicros();
    const result = await run({ host: '127.0.0.1', port, frame: sends, ...shape });
    const cpu = (((await server.cpuMicros()) - before) / result.total).toFixed(1).padStart(10);
    const ratio = ((result.perSecond / limit.perSecond) * 100).toFixed(0).padStart(8);
    const [p50, p99] = [result.p50Ms, result.p99Ms].map((ms) => ms.toFixed(2).padStart(8));
    const name = `${shape.connections} x ${shape.window}`.padEnd(14);
    const echo = limit.cpuMicrosEach.toFixed(1).padStart(7);
    line(`  ${name}${number(result.perSecond)} ${ratio} %   ${p50}  ${p99}   ${cpu} ${echo}`);
  }
}

async function measurePulls(port: number, server: Server): Promise<void> {
  const before = await server.cpuMicros();
  const shape = { connections: 4, window: 4, total: 20_000 };
  const pulls = await run({ host: '127.0.0.1', port, frame: pullsOf(32, 100_000), ...shape });
  const cpu = (((await server.cpuMicros()) - before) / (pulls.total * 32)).toFixed(2);
  line(`pulls of 32       ${number(pulls.perSecond * 32)} messages/s, ${cpu} us of broker CPU a message`);
}

function profileArgs(): string[] {
  const { profile } = parseArgs({ options: { profile: { type: 'string' } } }).values;
  return profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'halfmq-bench-'));
  try {
    await measureStart(folder);
    const port = await freePort();
    const server = await startServer(CLI, brokerArgs(port, join(folder, 'store'), 0), port, profileArgs());
    try {
      await measureSends(port, server);
      await measurePulls(port, server);
      const [pairs, cpu] = await transactions(port, server, 40_000);
      const each = `${cpu.toFixed(1)} us of broker CPU each`;
      line(`transactions      ${number(pairs.perSecond)} half + commit/s, ${each}`);
    } finally {
      await server.stop();
    }
    const lmdb = await lmdbLimit(2_000);
    const rate = `${number(lmdb.megabytesPerSecond)} MB/s = ${number(lmdb.messagesPerSecond)} messages/s`;
    line(`machine           bare LMDB block append ${rate}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
