import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseProperties } from '@halfmq/remoting';
import { Rig } from '../rig/rig.js';
import type { WireClient } from '../rig/wire-client.js';

const TOPIC = 'reminders';

let rig: Rig;
let client: WireClient;

beforeEach(async () => {
  rig = await Rig.start();
  client = rig.client();
  await client.send(TOPIC, 'first', {}, { queueId: 1 });
});

afterEach(() => rig.close());

describe('a delayed message', () => {
  it('is delivered at its level, into its own topic and queue, as it was sent', async () => {
    await client.send(TOPIC, 'later', { DELAY: '5', TAGS: 'red' });
    await rig.clock.advance(59_999);
    expect(await client.bodies(TOPIC)).toEqual([]);
    await rig.clock.advance(1);
    const { records } = await client.pull(TOPIC, 0, { subscription: 'red' });
    expect(records.map(({ body, flag }) => [body.toString(), flag])).toEqual([['later', 7]]);
    expect(parseProperties(records[0]?.properties).get('DELAY')).toBe('5');
  });

  it('is delivered at the time it names', async () => {
    const at = rig.clock.now() + 3_600_000;
    await client.send(TOPIC, 'in an hour', { TIMER_DELIVER_MS: String(at) });
    await client.send(TOPIC, 'soon', { TIMER_DELAY_MS: '1500' });
    await client.send(TOPIC, 'sooner', { TIMER_DELAY_SEC: '1' });
    await rig.clock.advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['sooner']);
    await rig.clock.advance(500);
    expect(await client.bodies(TOPIC)).toEqual(['sooner', 'soon']);
    await rig.clock.advance(3_598_499);
    expect(await client.bodies(TOPIC)).toEqual(['sooner', 'soon']);
    await rig.clock.advance(1);
    expect(await client.bodies(TOPIC)).toEqual(['sooner', 'soon', 'in an hour']);
  });

  it('wakes the pull that waits for it', async () => {
    await client.send(TOPIC, 'later', { TIMER_DELAY_SEC: '5' });
    const waiting = client.pull(TOPIC, 0, { sysFlag: 6, suspendTimeoutMillis: 15_000 });
    await client.settle();
    await rig.clock.advance(5_000);
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
    await rig.clock.advance(2_000);
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
    await rig.restart();
    client = rig.client();
    await rig.clock.advance(60_000);
    expect(await client.bodies(TOPIC)).toEqual(['later']);
  });

  it('and when it became due meanwhile, at once, and never again', async () => {
    await client.send(TOPIC, 'later', { DELAY: '1' });
    await client.send(TOPIC, 'much later', { TIMER_DELAY_SEC: '100' });
    await rig.clock.advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['later']);
    await rig.restart();
    await rig.clock.advance(200_000);
    client = rig.client();
    expect(await client.bodies(TOPIC)).toEqual(['later', 'much later']);
  });

  it('after a kill it is delivered once', async () => {
    await client.send(TOPIC, 'before', { DELAY: '1' });
    await client.send(TOPIC, 'after', { DELAY: '2' });
    await rig.clock.advance(1_000);
    expect(await client.bodies(TOPIC)).toEqual(['before']);
    rig = await rig.killed();
    client = rig.client();
    await rig.clock.advance(10_000);
    expect(await client.bodies(TOPIC)).toEqual(['before', 'after']);
  });
});
