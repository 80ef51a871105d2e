import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeFrame,
  encodeFrame,
  FrameSplitter,
  PullSysFlag,
  pullMessage,
  ResponseCode,
  sendMessageV2,
  type Command,
} from '@halfmq/remoting';
import { sendHeader } from '../kit/sends.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';

/** Answers of so many pulls would be 80 MB: more than a connection may have unread. */
const HELD = 400;
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
    const slow = await Promise.all(Array.from({ length: 6 }, () => slowReader(broker.port, pulls(HELD))));
    // what they asked for is held when the broker answers who came after them
    await client.settle();
    const before = process.memoryUsage();
    for (let each = 1; each <= 30; each++) await client.send('news', `${each} ${'x'.repeat(BODY)}`);
    const { records } = await client.pull('news', 30);
    expect(records[0]?.body.toString()).toMatch(/^30 /);
    const after = process.memoryUsage();
    // all answers would be 480 MB
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
