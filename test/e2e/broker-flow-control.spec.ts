import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock, ResponseCode } from '@halfmq/remoting';
import { HeldDisk } from '../kit/held-disk.js';
import { InProcessBroker } from '../kit/in-process.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

const MiB = 1024 * 1024;

describe('flow control', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (let end = ends.pop(); end; end = ends.pop()) await end();
  });

  it('while a sync stalls, sends are taken up to a limit of memory, then refused; the others are answered when it ends', async () => {
    const { broker, disk } = await stalled();
    const body = 'x'.repeat(3.9 * MiB);
    const answers: number[] = [];
    const sending = Array.from({ length: 24 }, async () => {
      const { code, remark } = await broker.client().send('big', body);
      if (code !== ResponseCode.SUCCESS)
        expect(remark).toBe('[OVERLOAD]system busy, start flow control for a while');
      answers.push(code);
    });
    // 64 MiB are 16 of them and a part of the next
    await until('the rest is refused', () => answers.length === 24 - 17);
    expect(new Set(answers)).toEqual(new Set([ResponseCode.SYSTEM_BUSY]));
    await disk.release();
    await Promise.all(sending);
    expect(answers.filter((code) => code === ResponseCode.SUCCESS)).toHaveLength(17);
    expect((await broker.client().send('big', 'again')).code).toBe(ResponseCode.SUCCESS);
  });

  async function stalled(): Promise<{ broker: TimedBroker; client: WireClient; disk: HeldDisk }> {
    const disk = new HeldDisk();
    ends.push(() => disk.end());
    const broker = await TimedBroker.start({ flushDiskType: 'SYNC_FLUSH', syncFlushTimeout: '60000' });
    ends.push(() => broker.close());
    ends.push(() => disk.release());
    const client = broker.client();
    await client.send('many', 'first');
    disk.hold();
    return { broker, client, disk };
  }

  it('a connection with too much unanswered is not read from, and loses nothing by it', async () => {
    const { broker, client, disk } = await stalled();
    const other = broker.client();
    const stored = async (): Promise<number> => (await other.pull('many', 0)).header.maxOffset;
    const sending = Array.from({ length: 40 }, () => client.send('many', 'x'.repeat(300_000)));
    await until('as many are stored as may be unanswered', async () => {
      await broker.clock.advance(100);
      return (await stored()) >= 14;
    });
    await broker.clock.advance(1_000);
    expect(await stored()).toBeLessThan(18);
    await disk.release();
    expect(new Set((await Promise.all(sending)).map(({ code }) => code))).toEqual(new Set([0]));
    expect(await stored()).toBe(41);
  });

  it('sends that waited in their sockets while a commit did not end are refused, and later ones are not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-busy-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const clock = new JumpingClock();
    const broker = await InProcessBroker.start({
      clock,
      store: folder,
      properties: { brokerFastFailureEnable: 'false' },
    });
    ends.push(() => broker.close());
    const client = new WireClient(broker.broker.address);
    ends.push(() => client.close());
    await client.send('slow', 'first');
    clock.jumpMs = 1_500;
    const sending = [];
    for (let turn = 0; turn < 50; turn++) {
      // on its way while the one before is committed
      sending.push(client.send('slow', 'on its way'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answers = await Promise.all(sending);
    clock.jumpMs = 0;
    const remarks = new Set(answers.map(({ code, remark }) => `${code} ${remark}`));
    expect(remarks).toEqual(
      new Set(['0 undefined', '2 [PC_SYNCHRONIZED]broker busy, start flow control for a while']),
    );
    expect((await client.send('slow', 'later')).code).toBe(ResponseCode.SUCCESS);
  });
});

/** Between any two looks at it much time has passed. */
class JumpingClock extends ManualClock {
  jumpMs = 0;
  private jumped = 0;

  override monotonic(): number {
    this.jumped += this.jumpMs;
    return super.monotonic() + this.jumped;
  }
}
