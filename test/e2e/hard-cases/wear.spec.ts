import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { damage } from '../../kit/damage.js';
import { HalfFlood } from '../../kit/half-flood.js';
import { TimedBroker } from '../../kit/timed-broker.js';
import type { WireClient } from '../../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const GROUP = 'shop';
const MANY = 100_000;
const CHECKED = 40_000;
const CHECKS_A_SECOND = 1000;
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000', transactionCheckMax: '4' };

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start(SETTINGS);
  client = broker.client();
});

afterEach(() => broker.close());

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function logEnd(): Promise<number> {
  const { msgId } = await client.send('ends', 'x');
  return Number.parseInt(msgId.slice(-16), 16);
}

describe('what wears a broker down', () => {
  it('8: 100,000 half messages nobody resolves take room by their number, not by their checks', async () => {
    const flood = await HalfFlood.connect(broker.port, GROUP);
    try {
      const empty = await bytesIn(broker.folder);
      await flood.send(TOPIC, MANY, Buffer.alloc(100, 'x'));
      await broker.clock.advance(5_900);
      const [filled, end] = [await bytesIn(broker.folder), await logEnd()];
      expect(flood.asked).toEqual([]);
      for (let second = 0; second <= CHECKED / CHECKS_A_SECOND; second++) {
        await broker.clock.advance(1000);
        await flood.beat();
      }
      expect(flood.asked.length).toBeGreaterThanOrEqual(CHECKED);
      expect(new Set(flood.asked).size).toBe(flood.asked.length);
      expect((await logEnd()) - end).toBeLessThan(1000);
      expect((await bytesIn(broker.folder)) - filled).toBeLessThan((filled - empty) / 2);
    } finally {
      flood.close();
    }
  });

  it('9: one damaged half record: all others are checked and resolve', async () => {
    const before = await client.half(GROUP, TOPIC, 'before');
    const damaged = await client.half(GROUP, TOPIC, 'DAMAGE-ME-HERE');
    const after = await client.half(GROUP, TOPIC, 'after');
    await broker.restart((folder) => damage(folder, 'DAMAGE-ME-HERE'));
    client = broker.client();
    await client.producer(GROUP, ['*']);
    await broker.pass(600_000, client);
    const asked = new Set(client.checks.map(({ header }) => header.transactionId));
    expect(asked).toEqual(new Set([before.uniqueKey, after.uniqueKey]));
    for (const half of [before, after]) expect((await client.commit(half)).code).toBe(0);
    const refused = await client.commit(damaged);
    expect(refused.code).toBe(1);
    expect(refused.remark).toContain('cannot be read');
    expect((await client.rollback(damaged)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['before', 'after']);
  });
});
