import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { echoLimit, lmdbLimit } from './limits.js';
import { jsonFrame, OPAQUE_MARK, patchOpaque, run, type LoadResult } from './load.js';
import { startServer, type Server } from './server.js';

/**
 * `npm run bench`: what the broker does a second and what a message costs it, beside what this machine can do
 * at most, in one run. Absolute figures are the machine's; read the ratios.
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
      const header = JSON.parse(frame.subarray(8, 8 + (frame.readUInt32BE(4) & 0xffffff)).toString()) as {
        code: number;
        remark?: string;
        extFields: { msgId: string; queueOffset: string };
      };
      if (header.code !== 0) throw new Error(`half message refused: ${header.code} ${header.remark ?? ''}`);
      offsets.push({
        halfOffset: header.extFields.queueOffset,
        physicalOffset: String(Number.parseInt(header.extFields.msgId.slice(16), 16)),
      });
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

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'halfmq-bench-'));
  const port = await freePort();
  const settings = {
    listenPort: port,
    storePathRootDir: join(folder, 'store'),
    brokerIP1: '127.0.0.1',
    brokerName: 'bench',
    httpPort: 0,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const server = await startServer(CLI, ['broker', ...options], port);
  try {
    line(
      `broker: started in ${server.startMs.toFixed(0)} ms, ${(await server.memoryMb()).toFixed(0)} MB idle (PSS)`,
    );
    line('');
    line('sends, 1 KiB       sends/s   of TCP echo    p50 ms    p99 ms   broker CPU us/send');
    await run({ host: '127.0.0.1', port, connections: 2, window: 32, total: 40_000, frame: sends });
    for (const shape of SHAPES) {
      const limit = await echoLimit(sends, shape);
      const before = await server.cpuMicros();
      const result = await run({ host: '127.0.0.1', port, frame: sends, ...shape });
      const cpu = ((await server.cpuMicros()) - before) / result.total;
      const ratio = ((result.perSecond / limit.perSecond) * 100).toFixed(0).padStart(8);
      line(
        `  ${`${shape.connections} x ${shape.window}`.padEnd(14)}${number(result.perSecond)} ${ratio} %   ${result.p50Ms.toFixed(2).padStart(8)}  ${result.p99Ms.toFixed(2).padStart(8)}   ${cpu.toFixed(1).padStart(10)}`,
      );
    }
    const before = await server.cpuMicros();
    const pulls = await run({
      host: '127.0.0.1',
      port,
      connections: 4,
      window: 4,
      total: 20_000,
      frame: pullsOf(32, 100_000),
    });
    const pullCpu = ((await server.cpuMicros()) - before) / (pulls.total * 32);
    line(
      `pulls of 32       ${number(pulls.perSecond * 32)} messages/s, ${pullCpu.toFixed(2)} us of broker CPU a message`,
    );
    const [pairs, pairCpu] = await transactions(port, server, 40_000);
    line(
      `transactions      ${number(pairs.perSecond)} half + commit/s, ${pairCpu.toFixed(1)} us of broker CPU each`,
    );
    const lmdb = await lmdbLimit(2_000);
    line(
      `machine: bare LMDB block append ${number(lmdb.megabytesPerSecond)} MB/s = ${number(lmdb.messagesPerSecond)} messages/s`,
    );
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
