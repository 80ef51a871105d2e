import { diskBytes } from './disk.js';
import { grpcReceiving, grpcSending, grpcSendingPaced } from './grpc.js';
import { hasH2load } from './h2load.js';
import { pushing } from './http.js';
import {
  committing,
  committingChecked,
  PACE,
  PULL_ANSWER,
  pulling,
  restSending,
  sending,
  sendingBatches,
  sendingPaced,
  type Shape,
} from './loads.js';
import type { Measure } from './measure.js';
import type { Contest } from './rounds.js';
import type { Measured, Servers, Version } from './servers.js';
import { hasSlowDisks } from './slow-disk.js';

/** One thing that is measured, once a round: the limit and ours, one after the other. */
export interface Row {
  readonly name: RowName;
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
  | 'transactions 8x128'
  | 'transactions 8x32'
  | 'checked'
  | 'store alone'
  | 'batches'
  | 'lone messages'
  | 'run'
  | 'run, waiting'
  | 'run, far'
  | 'run, one row'
  | 'three brokers'
  | 'rest sends'
  | 'pushes'
  | 'grpc sends'
  | 'grpc paced 2000/s'
  | 'grpc receives'
  | 'start';

/** @param withLimit the limit has its turn in each round, too */
export function contestOf(row: Row, versions: readonly Version[], withLimit: boolean): Contest {
  const sides: Record<string, () => Promise<Measure>> = {};
  for (const version of versions) sides[version.name] = () => row.ours(version);
  const [first] = versions;
  const { limit } = row;
  if (withLimit && limit && first) sides['limit'] = () => limit(first);
  return { name: row.name, sides };
}

type Load = (servers: readonly Measured[], shape: Shape) => Promise<Measure>;

/** Sends, and what they took on the disk. */
async function sendingToDisk(servers: readonly Measured[], shape: Shape): Promise<Measure> {
  const used = (): number => servers.reduce((sum, { folder }) => sum + diskBytes(folder), 0);
  const before = used();
  const found = await sending(servers, shape);
  return { ...found, diskGbPer10M: (used() - before) / shape[2] / 100 };
}

/** @param scale of the requests a load makes: 1 for what the goals are read from */
export function allRows(servers: Servers, scale = 1): Row[] {
  const of = (connections: number, window: number, total: number): Shape => [
    connections,
    window,
    total * scale,
  ];
  const alone = 300_000 * scale;
  return [
    sendRow(servers, 'sends 8x128', 'async', of(8, 128, 160_000)),
    sendRow(servers, 'sends 8x32', 'async', of(8, 32, 120_000)),
    sendRow(servers, 'sync 8x128', 'sync', of(8, 128, 100_000)),
    sendRow(servers, 'sync 8x32', 'sync', of(8, 32, 80_000)),
    sendRow(servers, 'sends 1x1', 'async', of(1, 1, 3_000)),
    sendRow(servers, 'paced 2000/s', 'async', of(8, 512, 2 * PACE), sendingPaced),
    pullRow(servers, of(4, 4, 20_000)),
    brokerRow(servers, 'transactions 8x128', of(8, 128, 60_000), committing),
    brokerRow(servers, 'transactions 8x32', of(8, 32, 30_000), committing),
    brokerRow(servers, 'checked', of(4, 128, 3_000), committingChecked),
    brokerRow(servers, 'batches', of(8, 8, 16_000), sendingBatches),
    {
      name: 'store alone',
      ours: (version) => servers.storeAlone('ours', version, alone),
      limit: (version) => servers.storeAlone('bare', version, alone),
    },
    { name: 'lone messages', ours: (version) => servers.storeAlone('lone', version, 100_000 * scale) },
    runRow(servers, 'run', { commit: 'quick', work: 'order', count: 8_000 * scale }),
    ...(hasSlowDisks() ? waitingRuns(servers, 8_000 * scale) : []),
    runRow(servers, 'run, one row', { commit: 'quick', work: 'row', count: 8_000 * scale }),
    threeBrokers(servers, of(8, 32, 120_000)),
    httpRow(servers, 'rest sends', (broker) => restSending(broker, of(32, 1, 24_000))),
    httpRow(servers, 'pushes', (broker) => pushing(broker, 12_000 * scale)),
    ...(hasH2load ? grpcRows(servers, of) : []),
    startRow(servers),
  ];
}

/** Beside the skeleton. */
function sendRow(
  servers: Servers,
  name: RowName,
  mode: 'async' | 'sync',
  shape: Shape,
  load: Load = sendingToDisk,
): Row {
  return {
    name,
    ours: async (version) => load([await servers.broker(version, mode)], shape),
    limit: async () => load([await servers.skeleton(mode)], shape),
  };
}

function brokerRow(servers: Servers, name: RowName, shape: Shape, load: Load): Row {
  return { name, ours: async (version) => load([await servers.broker(version, 'async')], shape) };
}

/** The limit is a server that answers a pull with as many bytes, from memory. */
function pullRow(servers: Servers, shape: Shape): Row {
  const limit = async (): Promise<Measure> => pulling([await servers.echo(PULL_ANSWER)], shape);
  return { ...brokerRow(servers, 'pulls', shape, pulling), limit };
}

/** The limit is one broker under the same load. */
function threeBrokers(servers: Servers, shape: Shape): Row {
  const brokers = (version: Version, count: number): Promise<Measured[]> =>
    Promise.all(Array.from({ length: count }, (_, nth) => servers.broker(version, 'async', nth)));
  return {
    name: 'three brokers',
    ours: async (version) => sending(await brokers(version, 3), shape),
    limit: async (version) => sending(await brokers(version, 1), shape),
  };
}

/** The limit is the same database transaction without a message. */
function runRow(servers: Servers, name: RowName, what: Parameters<Servers['runAlone']>[2]): Row {
  return {
    name,
    ours: (version) => servers.runAlone('ours', version, what),
    limit: (version) => servers.runAlone('bare', version, what),
  };
}

/** Where COMMIT waits for the disk. */
function waitingRuns(servers: Servers, count: number): readonly Row[] {
  return [
    runRow(servers, 'run, waiting', { commit: 'waiting', work: 'order', count }),
    runRow(servers, 'run, far', { commit: 'far', work: 'order', count }),
  ];
}

function httpRow(servers: Servers, name: RowName, load: (broker: Measured) => Promise<Measure>): Row {
  return { name, ours: async (version) => load(await servers.httpBroker(version)) };
}

/** The limit is @grpc/grpc-js with nothing behind it; of receives the HTTP/2 of Node.js itself, with canned answers. */
function grpcRows(
  servers: Servers,
  of: (connections: number, streams: number, total: number) => Shape,
): readonly Row[] {
  const sendRow = (name: RowName, shape: Shape, load: typeof grpcSending): Row => ({
    name,
    ours: async (version) => load(await servers.grpcBroker(version), shape),
    limit: async () => load(await servers.grpcEcho(), shape),
  });
  return [
    sendRow('grpc sends', of(4, 32, 60_000), grpcSending),
    sendRow('grpc paced 2000/s', of(4, 32, 2 * PACE), (server, shape) =>
      grpcSendingPaced(server, shape, PACE),
    ),
    {
      name: 'grpc receives',
      ours: async (version) => grpcReceiving(await servers.grpcBroker(version), of(4, 4, 30_000)),
      limit: async () => grpcReceiving(await servers.grpcCanned(), of(4, 4, 30_000)),
    },
  ];
}

function startRow(servers: Servers): Row {
  return {
    name: 'start',
    async ours(version) {
      const broker = await servers.startBroker(version, servers.emptyFolder('start'));
      return atRest(broker);
    },
  };
}

/** Memory after a second without a client; the server is stopped then. */
export async function atRest(server: Pick<Measured, 'startMs' | 'memoryMb' | 'stop'>): Promise<Measure> {
  try {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return { startMs: server.startMs, memoryMb: server.memoryMb() };
  } finally {
    await server.stop();
  }
}
