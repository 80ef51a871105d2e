import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keepOutput } from '../kit/tied-process.js';
import { until } from '../kit/until.js';
import { Campaign } from './campaign.js';
import { LogWatch, WATCHED_ENV, type Target } from './target.js';

/*
 * Brokers with a mistake: real ones, behind a process that does something wrong. A fuzzer that finds nothing proves
 * nothing.
 */

export type Mistake = 'silent' | 'clings' | 'repeats' | 'dies' | 'leaks' | 'loses' | 'spoils' | 'complains';

export interface Plant {
  readonly name: string;
  readonly mistake: Mistake;
  /** what a campaign says of it */
  readonly found: RegExp;
}

export const PLANTS: readonly Plant[] = [
  { name: 'does not answer what it does not know', mistake: 'silent', found: /did not answer/ },
  { name: 'does not end what cannot be read', mistake: 'clings', found: /did not end the connection/ },
  { name: 'answers twice', mistake: 'repeats', found: /once too often/ },
  { name: 'dies', mistake: 'dies', found: /has ended/ },
  { name: 'keeps memory', mistake: 'leaks', found: /has grown/ },
  { name: 'loses a message it has answered', mistake: 'loses', found: /lost/ },
  { name: 'spoils a message', mistake: 'spoils', found: /corrupt/ },
  { name: 'says that something failed', mistake: 'complains', found: /says: .*ERROR/ },
];

/** Enough to meet each mistake often, and few enough to wait for. */
const FRAMES = 3_000;
const LIMIT_MS = 15_000;
/** Of what shows itself by nothing happening. */
const SILENT_MS = 1_500;
const SILENT: readonly Mistake[] = ['silent', 'clings'];

/**
 * Fuzzes a broker with a mistake.
 * @param real a target without; its broker is the one behind the mistake
 * @returns the complaint that names the mistake; undefined when there is none
 */
export async function findPlanted(plant: Plant, seed: number, real: Target): Promise<string | undefined> {
  const planted = await PlantedProcess.start(plant.mistake, real.broker);
  try {
    const processes = [{ name: 'broker', log: planted.log, pid: () => planted.pid }];
    const target = { ...real, broker: planted.address, processes };
    const limitMs = SILENT.includes(plant.mistake) ? SILENT_MS : LIMIT_MS;
    const options = { seed, frames: FRAMES, limitMs, most: 1, print: () => undefined };
    const complaints = await new Campaign(target, options).run();
    return complaints.find((complaint) => plant.found.test(complaint));
  } finally {
    await planted.stop();
  }
}

/** This file is run from its source by jest, and compiled by what has a command of its own. */
const DIST = import.meta.url.includes('/dist/') ? './' : '../dist/fuzz/';
const SCRIPT = fileURLToPath(new URL(`${DIST}planted-process.js`, import.meta.url));
const PORT = /^port (\d+)$/m;

class PlantedProcess {
  readonly log = new LogWatch();

  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
  ) {
    child.stderr?.on('data', (chunk: Buffer) => this.log.take(chunk.toString()));
  }

  static async start(mistake: Mistake, broker: string): Promise<PlantedProcess> {
    const port = broker.slice(broker.lastIndexOf(':') + 1);
    const child = spawn(process.execPath, [SCRIPT, mistake, port], {
      env: { ...process.env, ...WATCHED_ENV },
    });
    const said = keepOutput(child);
    const own = await until('the planted broker listens', () => PORT.exec(said())?.[1]);
    return new PlantedProcess(child, `127.0.0.1:${own}`);
  }

  get pid(): number | undefined {
    return this.child.exitCode === null && this.child.signalCode === null ? this.child.pid : undefined;
  }

  async stop(): Promise<void> {
    if (this.pid === undefined) return;
    const gone = once(this.child, 'exit');
    this.child.kill();
    await gone;
  }
}
