import type { LoadResult } from './load.js';
import type { Server } from './server.js';

/** What one round of one row found; a row has those figures that make sense for it. */
export interface Measure {
  /** messages, or transactions */
  readonly perSecond?: number;
  /** of the server, all its processes, a message */
  readonly cpuMicros?: number;
  /** of the servers' main threads, a message */
  readonly mainMicros?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
  /** of the load generator, a message */
  readonly loadMicros?: number;
  /** on the disk, for ten million messages */
  readonly diskGbPer10M?: number;
  /** on the disk, of the records' own bytes and their index */
  readonly diskRatio?: number;
  readonly startMs?: number;
  /** proportional set size */
  readonly memoryMb?: number;
}

export type Figure = keyof Measure;

/** @param each messages a request */
export async function measure(
  servers: readonly Server[],
  load: () => Promise<LoadResult>,
  each = 1,
): Promise<Measure> {
  const all = (): number => servers.reduce((sum, server) => sum + server.cpuMicros(), 0);
  const main = (): number => servers.reduce((sum, server) => sum + server.mainMicros(), 0);
  const before = { all: all(), main: main() };
  const { total, perSecond, p50Ms, p99Ms, p999Ms, loadMicros } = await load();
  const messages = total * each;
  return {
    perSecond: perSecond * each,
    cpuMicros: (all() - before.all) / messages,
    mainMicros: (main() - before.main) / messages,
    p50Ms,
    p99Ms,
    p999Ms,
    loadMicros: loadMicros / each,
  };
}
