import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { parseProperties } from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'reminders';

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start();
  client = broker.client();
  await client.send(TOPIC, 'first', {}, { queueId: 1 });
});

afterEach(() => broker.close());

describe('a delayed message', () => {
  it('is delivered at its level, into its own topic and queue, as it was sent', async () => {
    await client.send(TOPIC, 'later', { DELAY: '5', TAGS: 'red' });
    await broker.clock.advance(59_999);
    expect(await client.bodies(TOPIC)).toEqual([]);
    await broker.clock.advance(1);
    const { records } = await client.pull(TOPIC, 0, { subscription: 'red' });
    expect(records.map(({ body, flag }) => [body.toString(), flag])).toEqual([['later', 7]]);
    expect(parseProperties(records[0]?.properties).get('DELAY')).toBe('5');
  });

  it('is delivered at the time it names', async () => {
    const at = broker.clock.now() + 3_600_000;
    await client.send(TOPIC, 'in an hour', { TIMER_DELIVER_MS: String(at) });
    await client.send(TOPIC, 'soon', { TIMER_DELAY_MS: '1500' });
    await client.send(TOPIC, 'sooner', { TIMER_DELAY_SEC: '1' });
    await broker.clock.advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['sooner']);
    await broker.clock.advance(500);
    expect(await client.bodies(TOPIC)).toEqual(['sooner', 'soon']);
    await broker.clock.advance(3_598_499);
    expect(await client.bodies(TOPIC)).toEqual(['sooner', 'soon']);
    await broker.clock.advance(1);
    expect(await client.bodies(TOPIC)).toEqual(['sooner', 'soon', 'in an hour']);
  });

  it('wakes the pull that waits for it', async () => {
    await client.send(TOPIC, 'later', { TIMER_DELAY_SEC: '5' });
    const waiting = client.pull(TOPIC, 0, { sysFlag: 6, suspendTimeoutMillis: 15_000 });
    await client.settle();
    await broker.clock.advance(5_000);
    expect((await waiting).records.map(({ body }) => body.toString())).toEqual(['later']);
  });

  it('is refused when it is illegal', async () => {
    const answer = await client.send(TOPIC, 'x', { TIMER_DELAY_SEC: 'soon' });
    expect(answer.code).toBe(13);
    expect(answer.remark).toContain('timer message illegal');
  });

  it('many that are due at once are all delivered, in order', async () => {
    const bodies = Array.from({ length: 300 }, (_, at) => String(at));
    await Promise.all(bodies.map((body) => client.send(TOPIC, body, { DELAY: '1' })));
    await broker.clock.advance(2_000);
    const seen: string[] = [];
    while (seen.length < bodies.length) {
      const { code, records } = await client.pull(TOPIC, seen.length);
      expect(code).toBe(0);
      seen.push(...records.map(({ body }) => body.toString()));
    }
    expect(seen).toEqual(bodies);
  });
});

describe('over a restart', () => {
  it('a delayed message is delivered when it is due', async () => {
    await client.send(TOPIC, 'later', { DELAY: '5' });
    await broker.restart();
    client = broker.client();
    await broker.clock.advance(60_000);
    expect(await client.bodies(TOPIC)).toEqual(['later']);
  });

  it('and when it became due meanwhile, at once, and never again', async () => {
    await client.send(TOPIC, 'later', { DELAY: '1' });
    await client.send(TOPIC, 'much later', { TIMER_DELAY_SEC: '100' });
    await broker.clock.advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['later']);
    await broker.restart();
    await broker.clock.advance(200_000);
    client = broker.client();
    expect(await client.bodies(TOPIC)).toEqual(['later', 'much later']);
  });

  it('after a kill it is delivered once', async () => {
    await client.send(TOPIC, 'before', { DELAY: '1' });
    await client.send(TOPIC, 'after', { DELAY: '2' });
    await broker.clock.advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['before']);
    broker = await broker.killed();
    client = broker.client();
    await broker.clock.advance(10_000);
    expect(await client.bodies(TOPIC)).toEqual(['before', 'after']);
  });
});
