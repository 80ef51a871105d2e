import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeFrame,
  encodeFrame,
  FrameSplitter,
  PullSysFlag,
  pullMessage,
  ResponseCode,
} from '@halfmq/remoting';
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

  const pulls = Buffer.concat(
    Array.from({ length: HELD }, (_, index) =>
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
    ).flat(),
  );

  /** A connection on which nothing is read until it is told to. */
  async function slowReader(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.pause();
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    await new Promise<void>((resolve) => socket.write(pulls, () => resolve()));
    return socket;
  }

  it('cost no memory, and get every answer when they read; others are served meanwhile', async () => {
    const client = broker.client();
    await client.send('news', 'first');
    const slow = await Promise.all(Array.from({ length: 6 }, () => slowReader(broker.port)));
    // what they asked for is held when the broker answers who came after them
    await client.settle();
    const before = process.memoryUsage();
    for (let each = 1; each <= 30; each++) await client.send('news', `${each} ${'x'.repeat(BODY)}`);
    const { records } = await client.pull('news', 30);
    expect(records[0]?.body.toString()).toMatch(/^30 /);
    const after = process.memoryUsage();
    // all answers would be 480 MB
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(80e6);
    const splitter = new FrameSplitter();
    const answers = new Map<number, number>();
    slow[0]?.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
      for (let frame = splitter.next(); frame; frame = splitter.next()) {
        const { opaque, code } = decodeFrame(frame);
        answers.set(opaque, code);
      }
    });
    slow[0]?.resume();
    await until('all are answered', () => answers.size === HELD);
    expect(new Set(answers.values())).toEqual(new Set([ResponseCode.SUCCESS]));
    for (const socket of slow) expect(socket.destroyed).toBe(false);
  });
});
