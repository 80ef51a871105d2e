import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeFrame,
  encodeFrame,
  FrameSplitter,
  ManualClock,
  PullSysFlag,
  pullMessage,
  ResponseCode,
  sendMessageV2,
  type Command,
} from '@halfmq/remoting';
import { HeldDisk } from '../kit/held-disk.js';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader } from '../kit/sends.js';
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
    const body = Buffer.alloc(3.9 * MiB);
    const answers: number[] = [];
    const sending = Array.from({ length: 18 }, async () => {
      const { code, remark } = await broker.client().ask(sendMessageV2, sendHeader('big'), body);
      if (code !== ResponseCode.SUCCESS)
        expect(remark).toBe('[OVERLOAD]system busy, start flow control for a while');
      answers.push(code);
    });
    // 64 MiB are 16 of them and a part of the next
    await until('the rest is refused', () => answers.length === 18 - 17);
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
    // one each: what one client sends leaves together
    const clients = Array.from({ length: 50 }, () => new WireClient(broker.broker.address));
    ends.push(() => Promise.all(clients.map((client) => client.close())));
    for (const client of clients) await client.send('slow', 'first');
    clock.jumpMs = 1_500;
    const sending = [];
    for (const client of clients) {
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
    expect((await clients[0]!.send('slow', 'later')).code).toBe(ResponseCode.SUCCESS);
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

/** Answers of so many pulls would be 68 MB: more than a connection may have unread. */
const HELD = 340;
const BODY = 200_000;

describe('consumers that hold many pulls and do not read', () => {
  let broker: TimedBroker;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    broker = await TimedBroker.start();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await broker.close();
  });

  const pulls = (count: number): Buffer[] =>
    Array.from({ length: count }, (_, index) =>
      encodeFrame({
        code: pullMessage.code,
        opaque: index + 1,
        flag: 0,
        extFields: pullMessage.encode({
          consumerGroup: 'slow',
          topic: 'news',
          queueId: 0,
          queueOffset: 1,
          maxMsgNums: 1,
          sysFlag: PullSysFlag.SUSPEND | PullSysFlag.SUBSCRIPTION,
          commitOffset: 0,
          suspendTimeoutMillis: 600_000,
          subscription: '*',
          subVersion: 0,
          expressionType: 'TAG',
        }),
      }),
    ).flat();

  /** A connection on which nothing is read until it is told to. */
  async function slowReader(port: number, asks: Buffer[]): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.pause();
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    await new Promise<void>((resolve) => socket.write(Buffer.concat(asks), () => resolve()));
    return socket;
  }

  /** Its answers by opaque, as they come. */
  function read(socket: Socket): Map<number, Command> {
    const splitter = new FrameSplitter();
    const answers = new Map<number, Command>();
    socket.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
      for (let frame = splitter.next(); frame; frame = splitter.next()) {
        const answer = decodeFrame(frame);
        answers.set(answer.opaque, answer);
      }
    });
    socket.resume();
    return answers;
  }

  it('cost no memory, and get every answer when they read; others are served meanwhile', async () => {
    const client = broker.client();
    await client.send('news', 'first');
    const slow = await Promise.all(Array.from({ length: 3 }, () => slowReader(broker.port, pulls(HELD))));
    // what they asked for is held when the broker answers who came after them
    await client.settle();
    const before = process.memoryUsage();
    for (let each = 1; each <= 10; each++) await client.send('news', `${each} ${'x'.repeat(BODY)}`);
    const { records } = await client.pull('news', 10);
    expect(records[0]?.body.toString()).toMatch(/^10 /);
    const after = process.memoryUsage();
    // all answers would be 204 MB
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(80e6);
    const answers = slow[0] ? read(slow[0]) : new Map<number, Command>();
    await until('all are answered', () => answers.size === HELD);
    expect(new Set([...answers.values()].map(({ code }) => code))).toEqual(new Set([ResponseCode.SUCCESS]));
    for (const socket of slow) expect(socket.destroyed).toBe(false);
  });

  it('what they sent behind their pulls waited here, and is refused when they read', async () => {
    const client = broker.client();
    await client.send('news', 'first');
    await client.send('news', 'x'.repeat(BODY));
    const send = encodeFrame({
      code: sendMessageV2.code,
      opaque: 1_000,
      flag: 0,
      extFields: sendMessageV2.encode(sendHeader('news', { properties: '' })),
      body: Buffer.from('late'),
    });
    const slow = await slowReader(broker.port, [...pulls(120), ...send]);
    await client.settle();
    await broker.clock.advance(300);
    const answers = read(slow);
    await until('all are answered', () => answers.size === 121);
    expect(answers.get(1_000)?.code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(answers.get(1_000)?.remark).toBe(
      '[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: 300ms, size of queue: 0',
    );
    expect((await client.send('news', 'in time')).queueOffset).toBe(2);
  });
});
