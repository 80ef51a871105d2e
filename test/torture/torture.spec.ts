import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { AlteredWire } from './altered-wire.js';
import { torture, type Row } from './cases.js';
import { GROWING, PLANTS, type Plant } from './planted.js';
import { Target } from './target.js';

const TIMINGS = { timeoutMs: 600, intervalMs: 150, checks: 3 };
const OPTIONS = { ...TIMINGS, halves: 60 };
/** What a broker in this process cannot be tried with: damage, a kill, and what the protocol has not. */
const APART = [9, 12, 13, 16];
const TOGETHER = new Set([1, 2, 3, 4, 5, 6, 7, 10, 11, 14, 15]);

let cluster: InProcessCluster;
let address: string;

beforeAll(async () => {
  cluster = await InProcessCluster.start();
  const broker = await cluster.startBroker('tortured', {
    transactionTimeOut: String(TIMINGS.timeoutMs),
    transactionCheckInterval: String(TIMINGS.intervalMs),
    transactionCheckMax: String(TIMINGS.checks),
  });
  ({ address } = broker);
});
afterAll(() => cluster?.close());

const broken = (rows: readonly Row[]): string[] =>
  rows.filter(({ outcome }) => outcome !== 'holds').map(({ number, what }) => `${number}: ${what}`);

async function run(target: Target, only: ReadonlySet<number>): Promise<Row[]> {
  try {
    return await torture(target, only, () => undefined);
  } finally {
    await target.close();
  }
}

async function behind({ alter }: Plant, only: ReadonlySet<number>): Promise<Row[]> {
  const wire = await AlteredWire.to(address, alter);
  try {
    return await run(Target.at(wire.address, OPTIONS), only);
  } finally {
    await wire.close();
  }
}

describe('the hard cases from outside', () => {
  it('hold on this broker, and those behind a wire that breaks a rule find it', async () => {
    const good = Target.behind(cluster.nameServers, OPTIONS).then((target) => run(target, TOGETHER));
    const bad = PLANTS.map(async (plant) => ({ plant, rows: await behind(plant, TOGETHER) }));
    expect(broken(await good)).toEqual([]);
    for (const { plant, rows } of await Promise.all(bad)) {
      const seen = rows.filter(({ outcome }) => outcome === 'breaks');
      expect(broken(seen.filter(({ number }) => !plant.found.includes(number)))).toEqual([]);
      expect([plant.name, ...seen.map(({ number }) => number)]).toEqual([plant.name, ...plant.found]);
    }
  }, 60_000);

  it('find a log that grows with every check, and one that does not', async () => {
    const only = new Set(GROWING.found);
    expect(broken(await run(Target.at(address, OPTIONS), only))).toEqual([]);
    expect(broken(await behind(GROWING, only))).toHaveLength(1);
  }, 60_000);

  it('say why of what cannot be tried from outside', async () => {
    const rows = await run(Target.at(address, OPTIONS), new Set(APART));
    expect(rows.map(({ number, outcome }) => [number, outcome])).toEqual(
      APART.map((number) => [number, 'not applicable']),
    );
  });
});
