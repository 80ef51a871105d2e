import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { HeldDisk } from '../kit/held-disk.js';
import { RestProxy } from '../kit/rest-proxy.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

describe('a proxy in front of brokers whose disk is late', () => {
  let disk: HeldDisk;
  let proxy: RestProxy;
  beforeEach(async () => {
    disk = new HeldDisk();
    proxy = await RestProxy.start({ flushDiskType: 'SYNC_FLUSH', syncFlushTimeout: '200' });
  });
  afterEach(async () => {
    await disk.end();
    await proxy.close();
  });

  it('says of a message that it is stored and not synced, and takes back the transaction of one', async () => {
    const late = { status: 504, type: 'urn:halfmq:error:flush-disk-timeout' };
    const messages = ['a', 'b'].map((body) => ({ topic: 'there', body }));
    disk.hold();
    const [sent, begun] = await Promise.all([
      proxy.rest.post('topics/there/messages', { body: 'late' }),
      proxy.rest.post('transactions', { group: 'shop', messages }),
    ]);
    await disk.release();
    expect(sent).toMatchObject(late);
    expect(begun).toMatchObject(late);
    expect(await proxy.bodies(1, { waitMs: 5_000 })).toEqual(['late']);
    await until('nothing is in doubt', async () => {
      const asked = await Promise.all(
        proxy.brokers.map((broker) => broker.get<{ items: object[] }>('transactions')),
      );
      return asked.every(({ items }) => items.length === 0);
    });
    const rolledBack = await Promise.all(
      proxy.brokers.map((broker) => broker.get<{ items: object[] }>('transactions?state=rolledBack')),
    );
    expect(rolledBack.flatMap(({ items }) => items)).toHaveLength(1);
  });
});
