import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ResponseCode, sendBatchMessage, encodeBatch, sendMessageV2, type Command } from '@halfmq/remoting';
import { HeldDisk } from '../kit/held-disk.js';
import { sendHeader, sent } from '../kit/sends.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { WireClient } from '../kit/wire-client.js';

describe('SYNC_FLUSH on a disk that does not sync', () => {
  let disk: HeldDisk;
  let broker: TimedBroker;
  let client: WireClient;

  beforeAll(() => {
    disk = new HeldDisk();
  });
  afterAll(() => disk.end());
  beforeEach(async () => {
    broker = await TimedBroker.start({ flushDiskType: 'SYNC_FLUSH', syncFlushTimeout: '3000' });
    client = broker.client();
    await client.send('orders', 'first');
    disk.hold();
  });
  afterEach(async () => {
    await disk.release();
    await broker.close();
  });

  const ask = (body: string, properties: string, queueId = 0): Promise<Command> =>
    client.ask(sendMessageV2, sendHeader('orders', { queueId, properties }), Buffer.from(body));

  it('a send with WAIT=false is answered when it is stored, though others wait', async () => {
    const waits = ask('waits', 'UNIQ_KEY\u0001K1\u0002WAIT\u0001true\u0002');
    const hasty = await ask('hasty', 'UNIQ_KEY\u0001K2\u0002WAIT\u0001false\u0002');
    expect(hasty.code).toBe(ResponseCode.SUCCESS);
    expect(await client.bodies('orders')).toEqual(['first', 'waits', 'hasty']);
    const batch = encodeBatch([{ flag: 0, body: Buffer.from('in a batch'), properties: '' }]);
    const header = sendHeader('orders', { batch: true, properties: 'WAIT\u0001false\u0002' });
    expect((await client.ask(sendBatchMessage, header, batch)).code).toBe(ResponseCode.SUCCESS);
    await disk.release();
    expect((await waits).code).toBe(ResponseCode.SUCCESS);
  });

  it('another one is answered after syncFlushTimeout: stored, with its place, and not synced', async () => {
    const late = ask('late', 'UNIQ_KEY\u0001K3\u0002');
    await until('it is stored', async () => (await client.bodies('orders')).length === 2);
    await broker.clock.advance(3_000);
    const answer = await late;
    expect(answer.code).toBe(ResponseCode.FLUSH_DISK_TIMEOUT);
    expect(answer.remark).toMatch(/stored, but the disk did not sync it within 3000 ms/);
    expect(sent(answer)).toMatchObject({ queueId: 0, queueOffset: 1, transactionId: 'K3' });
    await disk.release();
    expect(await client.bodies('orders')).toEqual(['first', 'late']);
  });

  it('a verdict waits for its sync as long as that takes, also behind a send that does not', async () => {
    await disk.release();
    const half = await client.half('shop', 'orders', 'committed');
    disk.hold();
    const late = ask('late', 'UNIQ_KEY\u0001K6\u0002');
    const verdict = client.commit(half);
    let isDecided = false;
    void verdict.then(() => (isDecided = true));
    await until('both are stored', async () => (await client.bodies('orders')).length === 3);
    await broker.clock.advance(3_000);
    expect((await late).code).toBe(ResponseCode.FLUSH_DISK_TIMEOUT);
    await client.settle();
    expect(isDecided).toBe(false);
    await disk.release();
    expect((await verdict).code).toBe(ResponseCode.SUCCESS);
    expect(await client.bodies('orders')).toEqual(['first', 'late', 'committed']);
  });

  it('a broker that stops answers what it took, when the disk allows', async () => {
    const last = ask('last', 'UNIQ_KEY\u0001K4\u0002');
    const odd = ask('odd', 'UNIQ_KEY\u0001K5\u0002TAGS\u0001\u00e9\u0002');
    await until('both are stored', async () => {
      await broker.clock.advance(100);
      return (await client.bodies('orders')).length === 3;
    });
    const stopping = broker.stop();
    await broker.clock.advance(0);
    await disk.release();
    expect([(await last).code, (await odd).code]).toEqual([0, 0]);
    await stopping;
  });
});
