import { Cluster } from '../kit/cluster.js';
import { freePort } from '../kit/ports.js';
import { processMemory } from '../kit/process-memory.js';
import type { HalfmqProcess } from '../kit/process.js';
import { until } from '../kit/until.js';

/** What is fuzzed: processes, and the doors they have. */
export interface Target {
  /** `host:port` */
  readonly broker: string;
  readonly nameServer: string;
  readonly httpPort: number;
  readonly processes: readonly Watched[];
  close(): Promise<void>;
}

/** A process that has to stay as it is. */
export interface Watched {
  readonly name: string;
  readonly log: LogWatch;
  /** undefined: it is not running */
  pid(): number | undefined;
}

/** A line that says something failed which nobody had thought of. */
const UNEXPECTED = / ERROR |uncaught|unhandled|^\s+at .*\(/i;
const MOST_LINES = 20;
const COLLECTED = 'all that is garbage was collected';

/** Loaded by a process before its program: it collects its garbage when it gets SIGUSR2, and says so. */
const COLLECTING = `
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
process.on('SIGUSR2', () => {
  gc();
  process.stderr.write('${COLLECTED}\\n');
});`;

/** For the environment of a process that is watched. */
export const WATCHED_ENV = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(COLLECTING)}`,
};

/** Reads the log of a process as it comes. */
export class LogWatch {
  /** unexpected lines, the first ones */
  readonly unexpected: string[] = [];
  /** how often garbage was collected on demand */
  collected = 0;
  private rest = '';

  readonly take = (chunk: string): void => {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === COLLECTED) this.collected++;
      else if (UNEXPECTED.test(line) && this.unexpected.length < MOST_LINES) this.unexpected.push(line);
    }
  };
}

/** A name server and a broker of their own. */
export async function startTarget(): Promise<Target> {
  const httpPort = await freePort();
  const settings = { httpPort: String(httpPort), enablePropertyFilter: 'true' };
  const cluster = await Cluster.start(settings, WATCHED_ENV);
  const watched = (name: string, process: HalfmqProcess): Watched => {
    const log = new LogWatch();
    process.watch(log.take);
    return { name, log, pid: () => (process.running ? process.pid : undefined) };
  };
  return {
    broker: cluster.brokerAddress,
    nameServer: cluster.nameServer,
    httpPort,
    processes: [watched('broker', cluster.broker), watched('name server', cluster.namesrv)],
    close: () => cluster.stop(),
  };
}

/**
 * Memory that is a process's own and no garbage, in bytes: pages of its files are the system's to take back.
 * @returns undefined when it has ended
 */
export async function memoryOf({ name, log, pid }: Watched): Promise<number | undefined> {
  const id = pid();
  if (id === undefined) return undefined;
  const before = log.collected;
  process.kill(id, 'SIGUSR2');
  await until(`the ${name} has collected its garbage`, () => log.collected > before || pid() === undefined);
  return processMemory(id, 'Pss_Anon');
}
