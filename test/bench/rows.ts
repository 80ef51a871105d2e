import { diskBytes } from './disk.js';
import { BATCH_OF, batches, pulls, sends } from './frames.js';
import { run, runPaced, type LoadResult, type Target } from './load.js';
import { measure, type Measure } from './measure.js';
import type { Measured, Servers, Version } from './servers.js';
import { runTransactions } from './transactions.js';

export type Part =
  'sends' | 'sync' | 'latency' | 'pulls' | 'transactions' | 'batches' | 'store' | 'brokers' | 'start';

/** One thing that is measured, once a round: the limit and ours, one after the other. */
export interface Row {
  readonly name: RowName;
  readonly part: Part;
  ours(version: Version): Promise<Measure>;
  limit?(version: Version): Promise<Measure>;
}

export type RowName =
  | 'sends 8x128'
  | 'sends 8x32'
  | 'sync 8x128'
  | 'sync 8x32'
  | 'sends 1x1'
  | 'paced 2000/s'
  | 'pulls'
  | 'transactions'
  | 'store alone'
  | 'batches'
  | 'three brokers'
  | 'start';

type Shape = readonly [connections: number, window: number, total: number];

const BATCH = 32;
/** of queue 0: what the warm-up of each broker has sent there by far */
const PULLED = 16_000;
/** 32 records of the bench, each 1 KiB body, properties and the layout's own fields */
const PULL_ANSWER = BATCH * 1_220;
const PACE = 2_000;

const sendLoad = (targets: readonly Target[], [connections, window, total]: Shape) => ({
  targets,
  connections,
  window,
  total,
  frames: sends,
});

/** Sends of one shape, and what they took on the disk. */
async function sent(server: Measured, shape: Shape): Promise<Measure> {
  const before = diskBytes(server.folder);
  const found = await measure([server], () => run(sendLoad([server], shape)));
  return { ...found, diskGbPer10M: ((diskBytes(server.folder) - before) / shape[2]) * 1e-2 };
}

function sendRow(
  servers: Servers,
  name: RowName,
  part: Part,
  flush: 'async' | 'sync',
  shape: Shape,
  load: (server: Measured, shape: Shape) => Promise<Measure> = sent,
): Row {
  const mode = flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH';
  return {
    name,
    part,
    ours: async (version) => load(await servers.broker(version, mode), shape),
    limit: async () => load(await servers.skeleton(flush), shape),
  };
}

const paced = (server: Measured, shape: Shape): Promise<Measure> =>
  measure([server], () => runPaced(sendLoad([server], shape), PACE));

/** @param scale of the requests a load makes: 1 for what the goals are read from */
export function allRows(servers: Servers, scale = 1): Row[] {
  const of = (connections: number, window: number, total: number): Shape => [
    connections,
    window,
    total * scale,
  ];
  return [
    sendRow(servers, 'sends 8x128', 'sends', 'async', of(8, 128, 160_000)),
    sendRow(servers, 'sends 8x32', 'sends', 'async', of(8, 32, 120_000)),
    sendRow(servers, 'sync 8x128', 'sync', 'sync', of(8, 128, 100_000)),
    sendRow(servers, 'sync 8x32', 'sync', 'sync', of(8, 32, 80_000)),
    sendRow(servers, 'sends 1x1', 'latency', 'async', of(1, 1, 3_000)),
    sendRow(servers, 'paced 2000/s', 'latency', 'async', of(8, 512, 2 * PACE), paced),
    pullRow(servers, 20_000 * scale),
    {
      name: 'transactions',
      part: 'transactions',
      ours: (version) =>
        onBroker(servers, version, (targets) => runTransactions(sendLoad(targets, of(8, 32, 30_000)))),
    },
    batchRow(servers, of(8, 8, 16_000)),
    {
      name: 'store alone',
      part: 'store',
      ours: (version) => servers.storeAlone('ours', version, 300_000 * scale),
      limit: (version) => servers.storeAlone('bare', version, 300_000 * scale),
    },
    threeBrokers(servers, of(8, 32, 120_000)),
    startRow(servers),
  ];
}

async function onBroker(
  servers: Servers,
  version: Version,
  load: (targets: readonly Target[]) => Promise<LoadResult>,
  each = 1,
): Promise<Measure> {
  const broker = await servers.broker(version, 'ASYNC_FLUSH');
  return measure([broker], () => load([broker]), each);
}

/** The limit is a server that answers a pull with as many bytes, from memory. */
function pullRow(servers: Servers, total: number): Row {
  const load = (targets: readonly Target[]) =>
    run({ targets, connections: 4, window: 4, total, frames: pulls(BATCH, PULLED) });
  return {
    name: 'pulls',
    part: 'pulls',
    ours: (version) => onBroker(servers, version, load, BATCH),
    async limit() {
      const echo = await servers.echo(PULL_ANSWER);
      return measure([echo], () => load([echo]), BATCH);
    },
  };
}

function batchRow(servers: Servers, [connections, window, total]: Shape): Row {
  return {
    name: 'batches',
    part: 'batches',
    ours: (version) =>
      onBroker(
        servers,
        version,
        (targets) => run({ targets, connections, window, total, frames: batches }),
        BATCH_OF,
      ),
  };
}

/** The limit is one broker under the same load. */
function threeBrokers(servers: Servers, shape: Shape): Row {
  const load = (brokers: readonly Measured[]) => measure(brokers, () => run(sendLoad(brokers, shape)));
  return {
    name: 'three brokers',
    part: 'brokers',
    ours: async (version) =>
      load(await Promise.all([0, 1, 2].map((nth) => servers.broker(version, 'ASYNC_FLUSH', nth)))),
    limit: async (version) => load([await servers.broker(version, 'ASYNC_FLUSH')]),
  };
}

function startRow(servers: Servers): Row {
  return {
    name: 'start',
    part: 'start',
    async ours(version) {
      const broker = await servers.startBroker(version, servers.emptyFolder('start'));
      try {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return { startMs: broker.startMs, memoryMb: broker.memoryMb() };
      } finally {
        await broker.stop();
      }
    },
  };
}
