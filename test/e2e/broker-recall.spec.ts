import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  formatRecallHandle,
  parseRecallHandle,
  recallMessage,
  recallMessageResponse,
  sendMessageResponse,
  sendMessageV2,
} from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { sendHeader } from '../kit/sends.js';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

const TOPIC = 'reminders';
const HOUR = 3_600_000;

describe('a message that waits for its time', () => {
  let broker: TimedBroker;
  let client: WireClient;
  beforeEach(() => begin());
  afterEach(() => broker.close());

  async function begin(properties: Record<string, string> = {}): Promise<void> {
    broker = await TimedBroker.start({ httpPort: String(await freePort()), ...properties });
    client = broker.client();
  }

  let keys = 0;
  async function send(body: string, properties: Record<string, string>): Promise<string | undefined> {
    const all = { UNIQ_KEY: `KEY${++keys}`, ...properties };
    const text = Object.entries(all)
      .map(([name, value]) => `${name}\u0001${value}\u0002`)
      .join('');
    const header = { ...sendHeader(TOPIC), queueId: 0, properties: text };
    const answer = await client.ask(sendMessageV2, header, Buffer.from(body));
    expect(answer.code).toBe(0);
    return sendMessageResponse.decode(answer.extFields ?? {}).recallHandle;
  }

  async function recall(recallHandle: string, topic = TOPIC): Promise<number | string> {
    const answer = await client.ask(recallMessage, { topic, recallHandle });
    return answer.code === 0 ? recallMessageResponse.decode(answer.extFields ?? {}).msgId : answer.code;
  }

  async function delivered(): Promise<string[]> {
    return (await client.pull(TOPIC, 0)).records.map(({ body }) => body.toString());
  }

  const inAnHour = { TIMER_DELAY_MS: String(HOUR) };

  it('is not delivered once it was recalled, the others are', async () => {
    const [a] = [await send('a', inAnHour), await send('b', inAnHour)];
    expect(parseRecallHandle(a ?? '')).toMatchObject({
      topic: TOPIC,
      brokerName: 'broker-a',
      deliverAt: broker.clock.now() + HOUR,
    });
    expect(await recall(a!)).toBe(`KEY${keys - 1}`);
    expect(broker.store.delayed.waiting).toBe(1);
    await broker.clock.advance(HOUR);
    expect(await delivered()).toEqual(['b']);
  });

  it('is recalled once and for all: a second time, after a restart, after a kill', async () => {
    const handle = (await send('a', inAnHour)) ?? '';
    await recall(handle);
    expect(await recall(handle)).toBe(`KEY${keys}`);
    await broker.restart();
    client = broker.client();
    expect(broker.store.delayed.waiting).toBe(0);
    const other = (await send('b', inAnHour)) ?? '';
    await recall(other);
    broker = await broker.killed();
    client = broker.client();
    expect(broker.store.delayed.waiting).toBe(0);
    await broker.clock.advance(2 * HOUR);
    expect(await delivered()).toEqual([]);
  });

  it("is found by a handle of RocketMQ's, which does not say where it lies", async () => {
    const { physicalOffset: _offset, ...handle } = parseRecallHandle((await send('a', inAnHour)) ?? '')!;
    expect(await recall(formatRecallHandle(handle))).toBe(handle.uniqueKey);
    expect(broker.store.delayed.waiting).toBe(0);
    expect(await recall(formatRecallHandle({ ...handle, uniqueKey: 'NOBODY' }))).toBe(604);
  });

  it('cannot be recalled when its time has come', async () => {
    const handle = (await send('a', inAnHour)) ?? '';
    await broker.clock.advance(HOUR);
    expect(await recall(handle)).toBe(604);
    expect(await delivered()).toEqual(['a']);
  });

  it('has a handle only when it asked for a time', async () => {
    expect(await send('a', {})).toBeUndefined();
    expect(await send('b', { DELAY: '3' })).toBeUndefined();
    expect(await send('c', { TIMER_DELAY_SEC: '5' })).toBeDefined();
    expect(await send('d', { TIMER_DELIVER_MS: String(broker.clock.now() - 1) })).toBeUndefined();
  });

  it('is left alone by what is no handle, or one of elsewhere', async () => {
    const handle = parseRecallHandle((await send('a', inAnHour)) ?? '')!;
    await send('x', { TIMER_DELAY_MS: '1' });
    expect(await recall('rubbish')).toBe(604);
    expect(await recall(formatRecallHandle({ ...handle, brokerName: 'broker-b' }))).toBe(604);
    expect(await recall(formatRecallHandle({ ...handle, topic: 'other' }))).toBe(604);
    expect(await recall(formatRecallHandle(handle), 'nobody')).toBe(17);
    expect(await recall(formatRecallHandle({ ...handle, physicalOffset: 0 }))).toBe(handle.uniqueKey);
    expect(broker.store.delayed.waiting).toBe(2);
  });

  it('cannot be recalled where that is switched off', async () => {
    await broker.close();
    await begin({ recallMessageEnable: 'false' });
    expect(await recall((await send('a', inAnHour)) ?? '')).toBe(16);
  });

  it('is sent and recalled by HTTP, too', async () => {
    const url = `http://127.0.0.1:${broker.httpPort}/v1/topics/${TOPIC}/messages`;
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, answer: (await response.json()) as Record<string, string> };
    };
    const { answer } = await post('', { body: 'a', delayMs: HOUR });
    const at = new Date(broker.clock.now() + HOUR).toISOString();
    expect(await post('', { body: 'b', deliverAt: at })).toMatchObject({ status: 201 });
    const { recallHandle, messageId } = answer;
    expect(await post('/recall', { recallHandle })).toEqual({ status: 200, answer: { messageId } });
    expect(await post('/recall', { recallHandle: 'x' })).toMatchObject({ status: 409 });
    expect(await post('', { body: 'c', delayMs: 1, deliverAt: at })).toMatchObject({ status: 400 });
    expect(await post('', { body: 'c', delayMs: -1 })).toMatchObject({ status: 400 });
    await broker.clock.advance(HOUR);
    const found = await Promise.all([0, 1, 2, 3].map((queueId) => client.pull(TOPIC, 0, { queueId })));
    expect(found.flatMap(({ records }) => records.map(({ body }) => body.toString()))).toEqual(['b']);
  });
});
