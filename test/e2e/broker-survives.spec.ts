import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteSubscriptiongroup, endTransaction, PullSysFlag, silentLog, SysFlag } from '@halfmq/remoting';
import { failSyncs } from '../kit/failing-sync.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { WireClient } from '../kit/wire-client.js';

const TOPIC = 'orders';
const GROUP = 'shop';
const PARKED = 'TRANS_CHECK_MAX_TIME_TOPIC';
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000', transactionCheckMax: '4' };

describe('what must not end the process', () => {
  let broker: TimedBroker;
  let client: WireClient;
  beforeEach(() => begin(SETTINGS));
  afterEach(() => broker.close());

  async function begin(settings: Record<string, string>): Promise<void> {
    broker = await TimedBroker.start(settings);
    client = broker.client();
  }

  async function advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 30_000) {
      await broker.clock.advance(Math.min(left, 30_000));
      await client.beat();
    }
  }

  /** From now on nothing can be stored. */
  async function loseDisk(): Promise<() => Promise<void>> {
    const repaired = await failSyncs(broker.folder);
    await broker.clock.advance(1_000);
    await until('a sync failed', async () => (await client.send('other', 'refused')).code === 14);
    return repaired;
  }

  it('a half message whose properties leave no room for what its check and its delivery add: refused at once', async () => {
    const full = { KEYS: 'k'.repeat(32_500) };
    await expect(client.half(GROUP, TOPIC, 'full', full)).rejects.toThrow(/13 .*properties/);
    const half = await client.half(GROUP, TOPIC, 'order 1', { KEYS: 'k'.repeat(32_000), DELAY: '1' });
    await advance(600_000);
    const asked = client.checks.map(({ header }) => header.transactionId);
    expect(asked).toEqual(Array(4).fill(half.uniqueKey));
    expect((await client.pull(PARKED, 0)).records).toHaveLength(1);
    expect((await client.commit(half)).code).toBe(0);
    await advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('parking while nothing can be stored: it is tried again', async () => {
    await broker.close();
    await begin({ ...SETTINGS, transactionCheckMax: '0' });
    const half = await client.half(GROUP, TOPIC, 'order 1');
    const repaired = await loseDisk();
    await advance(100_000);
    await broker.restart(repaired);
    client = broker.client();
    await advance(60_000);
    expect((await client.pull(PARKED, 0)).records).toHaveLength(1);
    expect((await client.rollback(half)).code).toBe(0);
  });

  it('verdicts whose group cannot be synced: each is refused, a one-way one in the log', async () => {
    await broker.close();
    const warned: object[] = [];
    const log = {
      ...silentLog,
      warn: (message: string, facts?: object) => warned.push({ message, ...facts }),
    };
    broker = await TimedBroker.start({ ...SETTINGS, flushDiskType: 'SYNC_FLUSH' }, log);
    client = broker.client();
    const one = await client.half(GROUP, TOPIC, 'order 1');
    const other = await client.half(GROUP, TOPIC, 'order 2');
    await broker.restart();
    client = broker.client();
    const repaired = await failSyncs(broker.folder);
    const refused = client.commit(one);
    await client.say(endTransaction, client.verdict(other, SysFlag.TRANSACTION_COMMIT));
    expect((await refused).code).toBe(14);
    await until('the other is told of', async () => {
      await broker.clock.advance(100);
      return warned.some((line) => 'uniqueKey' in line && line.uniqueKey === other.uniqueKey);
    });
    await broker.restart(repaired);
    client = broker.client();
    for (const half of [one, other]) expect((await client.commit(half)).code).toBe(0);
    expect((await client.bodies(TOPIC)).toSorted()).toEqual(['order 1', 'order 2']);
  });

  it('a held pull whose group went meanwhile and cannot be stored again: it is answered', async () => {
    await client.send(TOPIC, 'one');
    const held = client.pull(TOPIC, 1, { sysFlag: PullSysFlag.SUSPEND | PullSysFlag.SUBSCRIPTION });
    await client.settle();
    await client.ask(deleteSubscriptiongroup, { groupName: 'readers' });
    await loseDisk();
    await advance(15_000);
    expect(await held).toMatchObject({ code: 1, records: [] });
    expect((await client.send(TOPIC, 'refused')).code).toBe(14);
  });
});
