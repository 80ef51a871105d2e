import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sendMessageV2 } from '@halfmq/remoting';
import { halfmqInTurn } from '../kit/command.js';
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

  const run = (...commands: string[][]) => halfmqInTurn(commands.map((args) => ['store', ...args]));

  it('shows, checks and prints what the broker has stored, and leaves the folder to it', async () => {
    const queue = ['--queue', 'orders/0', '--from', '1', '--count', '2', '--json'];
    const [inspect, verify, dump] = await run(
      ['inspect', broker.folder],
      ['verify', broker.folder],
      ['dump', broker.folder, ...queue],
    );
    expect(inspect?.out).toContain(`in use by process ${process.pid}`);
    expect(inspect?.out).toMatch(/^orders +0 +\d+ +0 +3 +3$/m);
    expect([verify?.out, verify?.code]).toEqual([
      expect.stringContaining('all of it is as it was written'),
      0,
    ]);
    const found = (dump?.out ?? '').trim().split('\n');
    expect(found.map((line) => JSON.parse(line) as object)).toMatchObject([
      { body: 'two', queueOffset: 1, properties: { KEYS: 'k' } },
      { body: 'three', queueOffset: 2, bodyCrcHolds: true },
    ]);
    expect(sent(await send('four')).queueOffset).toBe(3);
  });

  it('says what to do when it was called wrongly', async () => {
    const { folder } = broker;
    const wrong: [args: string[], words: string][] = [
      [['inspect', '/nowhere'], 'there is no folder /nowhere'],
      [['inspect', folder, '--log', '/nowhere'], 'there is no folder /nowhere: storePathCommitLog'],
      [['rebuild', folder], `in use by process ${process.pid}: stop it first`],
      [['dump', folder], 'one of --offset and --queue'],
      [['dump', folder, '--queue', 'orders'], 'expected topic/queueId'],
      [['dump', folder, '--offset', '0', '--count', '0'], '1 or more'],
    ];
    const ended = await run(...wrong.map(([args]) => args));
    expect(ended).toEqual(
      wrong.map(([, words]) => ({ code: 1, out: '', err: expect.stringContaining(words) as unknown })),
    );
  });
});
