import { randomInt } from 'node:crypto';
import { setTimeout as passed } from 'node:timers/promises';
import { join } from 'node:path';
import { startBroker } from '@halfmq/broker';
import { Cluster } from '../../kit/cluster.js';
import { PostgresServer } from '../../kit/postgres.js';
import { until } from '../../kit/until.js';
import { Random } from '../../power/random.js';
import { writeResult } from '../../power/result.js';
import { whenInterrupted } from '../interrupted.js';
import { Service } from './fleet.js';
import { databaseInvariants, missing, nothingInDoubt, TABLES, type Invariant } from './invariants.js';
import type { Counts } from './told.js';

const DATABASE = 'chaos';
const PRODUCERS = 3;
const CONSUMERS = 2;
const [SHORTEST_MS, LONGEST_MS] = [500, 2_500];
const PROGRESS_MS = 15_000;
const CALM_MS = 120_000;
const SETTINGS = {
  transactionTimeOut: '1000',
  transactionCheckInterval: '1000',
  // a service that is away for a while is no reason to give up
  transactionCheckMax: '1000',
  messageDelayLevel: '1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s',
};

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed?: string | undefined;
  readonly outputFile?: string | undefined;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Whom a kill hits, and how they come back. */
interface Victim {
  readonly name: string;
  readonly strike: () => Promise<void>;
}

/** Services on one database and one broker, all of them killed again and again while they work. */
class Chaos {
  readonly counts: Counts = {};
  readonly kills: Record<string, number> = {};
  private readonly random: Random;
  private readonly producers: Service[];
  private readonly consumers: Service[];

  constructor(
    private readonly cluster: Cluster,
    private readonly postgres: PostgresServer,
    seed: number,
  ) {
    this.random = new Random(seed);
    const args = (): string[] => [cluster.nameServer, postgres.url(DATABASE)];
    this.producers = Array.from(
      { length: PRODUCERS },
      (_, at) => new Service('producer', 'producer.js', () => [...args(), String(seed + at)], this.counts),
    );
    this.consumers = Array.from(
      { length: CONSUMERS },
      () => new Service('consumer', 'consumer.js', args, this.counts),
    );
  }

  private get services(): readonly Service[] {
    return [...this.producers, ...this.consumers];
  }

  async start(): Promise<void> {
    await Promise.all(this.services.map((service) => service.start()));
  }

  /** Somebody new every second or two; who is struck comes back while the next one is chosen. */
  async rage(ms: number): Promise<void> {
    const end = performance.now() + ms;
    const returning = new Map<Victim, Promise<void>>();
    const victims = this.victims();
    let told = performance.now();
    while (performance.now() < end) {
      await passed(SHORTEST_MS + this.random.below(LONGEST_MS - SHORTEST_MS));
      const victim = this.random.of(victims);
      await returning.get(victim);
      this.kills[victim.name] = (this.kills[victim.name] ?? 0) + 1;
      returning.set(victim, victim.strike());
      if (performance.now() - told < PROGRESS_MS) continue;
      told = performance.now();
      print(`${Math.round((end - told) / 1000)} s to go: ${this.summary()}`);
    }
    await Promise.all(returning.values());
  }

  private victims(): [Victim, ...Victim[]] {
    const again = (service: Service): Victim => ({
      name: service.name,
      strike: async () => {
        await service.kill();
        await service.start();
      },
    });
    const broker = { name: 'broker', strike: () => this.cluster.broker.restart() };
    const database = { name: 'PostgreSQL', strike: () => this.postgres.restartKilled() };
    return [broker, broker, database, ...this.services.map(again)];
  }

  /** Nothing new begins; what was begun comes to its end. @returns what is wrong then */
  async settle(): Promise<Invariant[]> {
    for (const service of this.services) if (!service.isRunning) await service.start();
    for (const producer of this.producers) producer.say('stop');
    const calm = until(
      'every effect is there',
      async () => (await missing(this.postgres, DATABASE)) === 0,
      CALM_MS,
    );
    await calm.catch(() => undefined);
    const undecided = await this.undecided();
    return [...(await databaseInvariants(this.postgres, DATABASE)), nothingInDoubt(undecided)];
  }

  /** What the broker knows no verdict of, some checks later: its store is looked into when it has stopped. */
  private async undecided(): Promise<string[]> {
    let left: string[] = [];
    const none = async (): Promise<boolean> => {
      await passed(3_000);
      await this.cluster.broker.stop();
      left = await inDoubt(this.cluster.folder);
      await this.cluster.broker.start();
      return left.length === 0;
    };
    await until('nothing is in doubt', none, CALM_MS).catch(() => undefined);
    return left;
  }

  summary(): string {
    const { committed = 0, rolledBack = 0, failed = 0, overtaken = 0, check = 0, conflict = 0 } = this.counts;
    const { handled = 0, suppressed = 0 } = this.counts;
    const kills = Object.entries(this.kills).map(([name, count]) => `${count} of ${name}`);
    return (
      `${committed + rolledBack + failed + overtaken} transactions (${committed} committed, ${rolledBack} rolled back, ` +
      `${overtaken} overtaken by a check, ${failed} failed), ${check} checks, ${conflict} conflicts, ` +
      `${handled} handled, ${suppressed} duplicates suppressed, kills: ${kills.join(', ') || 'none'}`
    );
  }

  async end(): Promise<void> {
    await Promise.all(this.services.map((service) => service.kill()));
  }
}

/** Of a broker that has stopped. */
async function inDoubt(folder: string): Promise<string[]> {
  const place = { storePathRootDir: join(folder, 'store'), brokerName: 'broker-a', brokerIP1: '127.0.0.1' };
  const properties = {
    ...place,
    bindAddress: '127.0.0.1',
    listenPort: '0',
    httpPort: '0',
    grpcServerPort: '0',
  };
  const broker = await startBroker({ properties });
  try {
    return broker.store.halves
      .undecided(Infinity)
      .map((half) => `${half.topic} ${half.uniqueKey}: ${half.state}`);
  } finally {
    await broker.close();
  }
}

/** The process ends with 1 when an invariant is broken. */
export async function chaos({
  minutes,
  seed = String(randomInt(1_000_000)),
  outputFile,
}: ChaosOptions): Promise<void> {
  if (!(minutes > 0)) throw new Error('--minutes must be more than 0');
  print(`${minutes} minutes of chaos, seed ${seed}`);
  const [cluster, postgres] = await Promise.all([Cluster.start(SETTINGS), PostgresServer.start()]);
  await postgres.createDatabase(DATABASE);
  await postgres.query(DATABASE, TABLES);
  const all = new Chaos(cluster, postgres, Number(seed));
  const outcome = { passed: 0, failed: 0, skipped: 0 };
  const end = async (): Promise<void> => {
    await all.end();
    await Promise.allSettled([cluster.stop(), postgres.stop()]);
  };
  whenInterrupted(end);
  try {
    await all.start();
    await all.rage(minutes * 60_000);
    for (const { name, broken } of await all.settle()) {
      print(`${broken.length === 0 ? 'holds' : 'BROKEN'}: ${name}`);
      for (const line of broken) print(`  ${line}`);
      if (broken.length === 0) outcome.passed++;
      else outcome.failed++;
    }
    print(all.summary());
  } finally {
    await end();
  }
  writeResult(outcome, outputFile);
}
