import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sendMessageV2 } from '@halfmq/remoting';
import { halfmq } from '../kit/command.js';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader, sent } from '../kit/sends.js';

jest.setTimeout(60_000);

describe('halfmq store, beside a running broker', () => {
  let broker: InProcessBroker;
  beforeAll(async () => {
    broker = await InProcessBroker.start();
    for (const body of ['one', 'two', 'three']) await send(body);
  });
  afterAll(() => broker.close());

  const send = (body: string) =>
    broker.ask(sendMessageV2, sendHeader('orders', { properties: 'KEYS\u0001k\u0002' }), Buffer.from(body));

  it('shows, checks and prints what the broker has stored, and leaves the folder to it', async () => {
    const [inspect, verify, dump] = await Promise.all([
      halfmq(['store', 'inspect', broker.folder]),
      halfmq(['store', 'verify', broker.folder]),
      halfmq([
        'store',
        'dump',
        broker.folder,
        '--queue',
        'orders/0',
        '--from',
        '1',
        '--count',
        '2',
        '--json',
      ]),
    ]);
    expect(inspect.out).toContain(`in use by process ${process.pid}`);
    expect(inspect.out).toMatch(/^orders +0 +\d+ +0 +3 +3$/m);
    expect([verify.out, verify.code]).toEqual([expect.stringContaining('all of it is as it was written'), 0]);
    const found = dump.out.trim().split('\n');
    expect(found.map((line) => JSON.parse(line) as object)).toMatchObject([
      { body: 'two', queueOffset: 1, properties: { KEYS: 'k' } },
      { body: 'three', queueOffset: 2, bodyCrcHolds: true },
    ]);
    expect(sent(await send('four')).queueOffset).toBe(3);
  });

  it.each([
    [['store', 'inspect', '/nowhere'], 'there is no folder /nowhere'],
    [['store', 'dump', '/nowhere'], 'one of --offset and --queue'],
    [['store', 'dump', '/nowhere', '--queue', 'orders'], 'expected topic/queueId'],
  ])('%j says what to do', async (args, words) => {
    const { err, code } = await halfmq(args);
    expect([code, err]).toEqual([1, expect.stringContaining(words)]);
  });
});
