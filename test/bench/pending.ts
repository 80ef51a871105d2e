import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, type MessageStore, type NewMessage } from '@halfmq/store';
import { systemClock } from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { asUsual, workMessage } from '../kit/store-work.js';
import { halves } from './frames.js';
import { run } from './load.js';
import { measure } from './measure.js';
import { node, startServer, type Server } from './server.js';

/**
 * `node test/dist/bench/pending.js --halves 1000000 --delayed 1000000 --growth 300000`: what messages that wait cost:
 * undecided half messages and delayed ones, each in a store of its own. Memory, the time to open, to find what is due, and
 * the CPU of a broker that has nothing else to do. With `--growth` what a half message costs a broker that has more and
 * more of them, sent over the wire and decided by nobody.
 */

const CLI = new URL('../../../apps/cli/dist/main.js', import.meta.url).pathname;
const HOUR = 3_600_000;
/** ms; a broker's default */
const TRANSACTION_TIME_OUT = 6000;
/** Appended before the event loop gets its turn. */
const AT_ONCE = 500;
const IDLE_MS = 10_000;

const line = (text: string): void => void process.stdout.write(`${text}\n`);
const millis = (begun: number): string => `${(performance.now() - begun).toFixed(1)} ms`;

function open(path: string): Promise<MessageStore> {
  return openStore({ ...asUsual(path), brokerName: 'bench', firstCheckAfterMs: () => TRANSACTION_TIME_OUT });
}

function messageOf(topic: string, sequence: number): NewMessage {
  const key = sequence.toString(16).toUpperCase().padStart(32, '0');
  const properties = `UNIQ_KEY\u0001${key}\u0002PGROUP\u0001orders\u0002TRAN_MSG\u0001true\u0002HALFMQ_TX\u0001${key}\u0002REAL_TOPIC\u0001placed\u0002REAL_QID\u00010\u0002`;
  return workMessage(topic, 0, Buffer.alloc(100, 'x'), properties);
}

const FILL: Readonly<Record<string, (store: MessageStore, sequence: number) => void>> = {
  halves: (store, sequence) =>
    void store.append([messageOf('RMQ_SYS_TRANS_HALF_TOPIC', sequence)], () => undefined),
  delayed: (store, sequence) => {
    const at = systemClock.now() + HOUR + ((sequence * 7919) % HOUR);
    store.delayed.schedule(messageOf('rmq_sys_wheel_timer', sequence), at, () => undefined);
  },
};

async function fill(path: string, what: string, count: number): Promise<void> {
  const store = await open(path);
  for (let from = 0; from < count; from += AT_ONCE) {
    for (let each = from; each < Math.min(count, from + AT_ONCE); each++) FILL[what]?.(store, each);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  await store.close();
}

/** In this process: memory before and after, and what finding the due costs. */
async function measureStore(path: string, what: string): Promise<void> {
  const before = process.memoryUsage();
  const begun = performance.now();
  const store = await open(path);
  const opened = millis(begun);
  const after = process.memoryUsage();
  const mb = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);
  const heap = mb(after.heapUsed - before.heapUsed);
  const outside = mb(after.arrayBuffers - before.arrayBuffers);
  line(`  store opens in ${opened}, heap grows by ${heap} MB, buffers by ${outside} MB`);
  const part = what === 'halves' ? store.halves : store.delayed;
  for (const [name, now] of [
    ['nothing due', systemClock.now() - HOUR],
    ['all due', systemClock.now() + 3 * HOUR],
  ] as const) {
    const asked = performance.now();
    const found = part.due(now, 1000).length;
    line(`  due(1000), ${name}: ${found} found in ${millis(asked)}`);
  }
  await store.close();
}

/**
 * A broker as a user starts it, on that store. Every half message is due there, and no producer is connected that could
 * be asked: the worst case of waiting. The delayed ones are due in an hour.
 */
async function measureBroker(path: string): Promise<void> {
  await withBroker(path, async (server) => {
    const before = server.cpuMicros();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const share = (server.cpuMicros() - before) / IDLE_MS / 10;
    const memory = server.memoryMb().toFixed(0);
    line(
      `  broker: port open after ${server.startMs.toFixed(0)} ms, ${memory} MB (PSS), idle at ${share.toFixed(2)} % of a core`,
    );
  });
}

async function withBroker(path: string, measured: (server: Server) => Promise<void>): Promise<void> {
  const port = await freePort();
  const settings = {
    listenPort: port,
    storePathRootDir: path,
    brokerIP1: '127.0.0.1',
    brokerName: 'bench',
    httpPort: 0,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const server = await startServer(node(port, CLI, ['broker', ...args]));
  try {
    await measured(server);
  } finally {
    await server.stop();
  }
}

/** Ten parts of a row of half messages: the last must not cost more than the first. */
async function measureGrowth(path: string, count: number): Promise<void> {
  await withBroker(path, async (server) => {
    line(`  empty: ${server.memoryMb().toFixed(0)} MB`);
    for (let part = 1; part <= 10; part++) {
      const total = Math.floor(count / 10);
      const found = await measure([server], () =>
        run({ targets: [server], connections: 8, window: 32, total, frames: halves }),
      );
      const { perSecond = 0, cpuMicros = 0, mainMicros = 0 } = found;
      line(
        `  ${total * part} pending: ${server.memoryMb().toFixed(0)} MB, ${perSecond.toFixed(0)} half messages/s, ` +
          `CPU ${cpuMicros.toFixed(1)} us each, main thread ${mainMicros.toFixed(1)}`,
      );
    }
  });
}

async function main(): Promise<void> {
  const kind = { type: 'string' } as const;
  const { values } = parseArgs({ options: { halves: kind, delayed: kind, growth: kind } });
  const folder = await mkdtemp(join(tmpdir(), 'halfmq-bench-'));
  try {
    line('an empty store');
    await measureBroker(join(folder, 'empty'));
    for (const what of ['halves', 'delayed'] as const) {
      const count = Number(values[what] ?? 0);
      if (count === 0) continue;
      line(`${count} ${what}`);
      const path = join(folder, what);
      await fill(path, what, count);
      await measureStore(path, what);
      await measureBroker(path);
    }
    const growth = Number(values.growth ?? 0);
    if (growth > 0) {
      line(`${growth} half messages over the wire`);
      await measureGrowth(join(folder, 'growth'), growth);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
