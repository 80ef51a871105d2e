import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../kit/ports.js';
import { pulls, sends } from './frames.js';
import { run, runPaced, type LoadResult } from './load.js';
import { node, startServer, type Server } from './server.js';

/**
 * `node test/dist/bench/cold-reader.js`: what a consumer that reads old messages as fast as it can does to those who
 * write: paced sends alone and beside it, in turns.
 */

const CLI = new URL('../../../apps/cli/dist/main.js', import.meta.url).pathname;
const BACKLOG = 200_000;
const PACE = 2_000;
const ROUNDS = 5;

const line = (text: string): void => void process.stdout.write(`${text}\n`);

const paced = (broker: Server): Promise<LoadResult> =>
  runPaced({ targets: [broker], connections: 4, window: 256, total: 3 * PACE, frames: sends }, PACE);

/** Pulls of 32 from the oldest on, four in flight, until it is stopped. */
class ColdReader {
  private stopped = false;
  private readonly reading: Promise<number>;

  constructor(broker: Server) {
    this.reading = this.read(broker);
  }

  /** @returns messages a second */
  private async read(broker: Server): Promise<number> {
    const begun = performance.now();
    let messages = 0;
    while (!this.stopped) {
      const load = { targets: [broker], connections: 1, window: 4, total: 500, frames: pulls(32, BACKLOG) };
      messages += (await run(load)).total * 32;
    }
    return (messages / (performance.now() - begun)) * 1000;
  }

  stop(): Promise<number> {
    this.stopped = true;
    return this.reading;
  }
}

async function measure(broker: Server): Promise<void> {
  await run({ targets: [broker], connections: 8, window: 32, total: BACKLOG, frames: sends });
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await paced(broker);
    const reader = new ColdReader(broker);
    const beside = await paced(broker);
    const read = Math.round(await reader.stop());
    const times = (result: LoadResult): string =>
      `p50 ${result.p50Ms.toFixed(2)} p99 ${result.p99Ms.toFixed(2)} ms`;
    line(
      `${PACE} sends/s alone ${times(alone)}, beside ${read} old messages/s ${times(beside)}: p99 x ${(beside.p99Ms / alone.p99Ms).toFixed(1)}`,
    );
  }
}

const folder = await mkdtemp(join(tmpdir(), 'halfmq-bench-'));
try {
  const port = await freePort();
  const settings = { listenPort: port, storePathRootDir: folder, brokerIP1: '127.0.0.1', httpPort: 0 };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const broker = await startServer(node(port, CLI, ['broker', ...args]));
  try {
    await measure(broker);
  } finally {
    await broker.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
