import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerRefused, MessageInvalid, RequestTimedOut, type Producer } from '@halfmq/transaction';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

describe('a request', () => {
  let cluster: InProcessCluster;
  let asker: Producer;
  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    for (const name of ['broker-a', 'broker-b']) await cluster.startBroker(name);
    const client = await cluster.connect();
    const replier = client.producer({ group: 'repliers' });
    const consumer = client.consumer({
      group: 'answering',
      from: 'first',
      subscriptions: { questions: '*' },
      handle: async (message) => {
        const text = message.body.toString();
        if (text === 'silence') return;
        await replier.reply(message, text.startsWith('long') ? 'x'.repeat(50_000) : `re: ${text}`);
      },
    });
    await client.producer().send({ topic: 'questions', body: 'silence' });
    await consumer.start();
    asker = (await cluster.connect()).producer({ group: 'asking' });
  });
  afterAll(() => cluster?.close());

  const ask = (body: string, timeoutMs = 20_000) =>
    asker.request({ topic: 'questions', body }, { timeoutMs });

  it('is answered by whoever handles it, each with its own reply, on whichever broker it lies', async () => {
    const texts = Array.from({ length: 12 }, (_, each) => `how are you, ${each}?`);
    const answers = await Promise.all(texts.map((text) => ask(text)));
    expect(answers.map(({ body }) => body.toString())).toEqual(texts.map((text) => `re: ${text}`));
    expect(answers[0]?.properties.get('MSG_TYPE')).toBe('reply');
  });

  it('may have a long answer, which is compressed on its way', async () => {
    expect((await ask('long, please')).body.toString()).toBe('x'.repeat(50_000));
  });

  it('that nobody answers ends with an error that says so', async () => {
    const error = await ask('silence', 500).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestTimedOut);
    expect(error).toMatchObject({ code: 'REQUEST_TIMED_OUT', topic: 'questions', timeoutMs: 500 });
  });

  it('cannot be answered when its sender is gone, and what is no request cannot be answered', async () => {
    const other = await cluster.connect();
    const replier = other.producer({ group: 'late' });
    const failed: unknown[] = [];
    const consumer = other.consumer({
      group: 'late',
      from: 'first',
      subscriptions: { late: '*' },
      handle: async (message) => {
        await until('the asker is gone', async () => gone);
        await replier.reply(message, 'too late').catch((error: unknown) => failed.push(error));
      },
    });
    await other.producer().send({ topic: 'late', body: 'no request' });
    await consumer.start();
    let gone = false;
    const leaving = await cluster.connect();
    const lost = leaving.producer().request({ topic: 'late', body: 'bye' }, { timeoutMs: 100 });
    await expect(lost).rejects.toBeInstanceOf(RequestTimedOut);
    await leaving.close();
    gone = true;
    await until('both were refused', async () => failed.length === 2);
    expect(failed.find((error) => error instanceof MessageInvalid)).toBeDefined();
    expect(failed.find((error) => error instanceof BrokerRefused)).toMatchObject({
      message: expect.stringContaining('push reply message'),
    });
  });
});

describe('a delayed message', () => {
  it('is taken back by its receipt', async () => {
    const cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
    const producer = (await cluster.connect()).producer();
    const receipt = await producer.send({ topic: 'reminders', body: 'a', delayMs: 3_600_000 });
    expect(await producer.recall('reminders', receipt.recallHandle ?? '')).toBe(receipt.messageId);
    await expect(producer.recall('reminders', 'rubbish')).rejects.toBeInstanceOf(MessageInvalid);
    expect((await producer.send({ topic: 'reminders', body: 'b' })).recallHandle).toBeUndefined();
    await cluster.close();
  });
});
