import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { damage } from '../../kit/damage.js';
import { TimedBroker } from '../../kit/timed-broker.js';
import type { WireClient } from '../../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const GROUP = 'shop';
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000', transactionCheckMax: '4' };

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start(SETTINGS);
  client = broker.client();
});

afterEach(() => broker.close());

describe('what wears a broker down', () => {
  it('8: half messages nobody resolves take room by their number, not by their checks', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, at) => client.half(GROUP, TOPIC, String(at))));
    const end = async (): Promise<number> => {
      const { msgId } = await client.send('ends', 'x'.repeat(100));
      return Number.parseInt(msgId.slice(-16), 16);
    };
    await end();
    const [one, two] = [await end(), await end()];
    await broker.pass(216_000, client);
    expect(client.checks).toHaveLength(4 * 50);
    expect((await end()) - two).toBeLessThan(2 * (two - one));
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
