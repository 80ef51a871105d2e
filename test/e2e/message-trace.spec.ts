import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RetryIn, silentLog, type ClientHook, type ReceivedMessage } from '@halfmq/transaction';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { auditing, lines } from './observing-page/hooks.js';

const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC';

describe('message trace of a client', () => {
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await createTestBroker({ hostile: false });
  });
  afterEach(() => broker?.close());

  /** Records of the topic, as lists of their fields. */
  function traced(topic = TRACE_TOPIC): string[][] {
    const bodies = broker.delivered(topic).map(({ bytes }) => bytes.toString());
    return bodies.flatMap((body) => body.split('\u0002').slice(0, -1)).map((text) => text.split('\u0001'));
  }
  const ofKind = (kind: string): string[][] => traced().filter(([name]) => name === kind);

  it('tells of sends and of what became of them, in batches, findable by id and key', async () => {
    const client = await broker.connect({ trace: true });
    const producer = client.producer({ group: 'senders' });
    let calls = 0;
    const consumer = client.consumer({
      group: 'readers',
      subscriptions: { traced: '*' },
      makeTopics: true,
      handle: async () => {
        if (++calls === 1) throw new RetryIn('1s');
      },
    });
    await consumer.start();
    const receipt = await producer.send({ topic: 'traced', body: 'hello', tag: 'a', keys: ['k-1'] });
    await broker.advance('2s');
    expect(traced()).toEqual([]);
    await broker.advance('20s');
    const { messageId, offsetMessageId } = receipt;
    const lies = [broker.address, '5', '0', '0', offsetMessageId, 'true'];
    const [pub] = ofKind('Pub');
    expect(pub?.slice(2)).toEqual(['DefaultRegion', 'senders', 'traced', messageId, 'a', 'k-1', ...lies]);
    const before = ofKind('SubBefore').map(([, , , group, , id, retries]) => [group, id, retries]);
    expect(before).toEqual([
      ['readers', messageId, '0'],
      ['readers', messageId, '1'],
    ]);
    const after = ofKind('SubAfter').map(([, request, id, , success, , code]) => [
      request,
      id,
      success,
      code,
    ]);
    const requests = ofKind('SubBefore').map(([, , , , request]) => request);
    expect(after).toEqual([
      [requests[0], messageId, 'false', '4'],
      [requests[1], messageId, 'true', '0'],
    ]);
    const keys = broker.delivered(TRACE_TOPIC).map((one) => one.keys);
    expect(keys[0]).toEqual([messageId, 'k-1']);
  });

  it('tells of each message of a batch, of half messages, delays, verdicts, checks and recalls', async () => {
    const client = await broker.connect({ trace: true });
    const producer = client.producer();
    const batch = await producer.sendBatch(['1', '2'].map((body) => ({ topic: 'many', body })));
    const later = await producer.send({ topic: 'later', body: 'x', delayMs: 3_600_000 });
    await producer.recall('later', later.recallHandle ?? '');
    const soon = await producer.send({ topic: 'later', body: 'x', delayMs: 1_000 });
    await broker.advance('3s');
    await expect(producer.recall('later', soon.recallHandle ?? '')).rejects.toThrow();
    const transactions = client.transactionProducer({
      group: 'tx',
      topics: ['decided'],
      check: async () => 'rollback',
    });
    const told = await transactions.prepare({ topic: 'decided', body: '1' });
    await transactions.end(told, 'commit');
    const asked = await transactions.prepare({ topic: 'decided', body: '2' });
    await broker.advance('3m');
    expect(ofKind('Pub').map((fields) => [fields[5], fields[11]])).toEqual(
      expect.arrayContaining([
        [batch[0]?.messageId, '0'],
        [batch[1]?.messageId, '0'],
        [later.messageId, '3'],
        [told.uniqueKey, '1'],
        [asked.uniqueKey, '1'],
      ]),
    );
    expect(ofKind('Recall').map((fields) => fields.slice(4))).toEqual([
      ['later', later.messageId, 'true'],
      ['later', soon.messageId, 'false'],
    ]);
    expect(ofKind('EndTransaction').map((fields) => fields.slice(9))).toEqual([
      ['2', told.uniqueKey, 'COMMIT_MESSAGE', 'false'],
      ['2', asked.uniqueKey, 'ROLLBACK_MESSAGE', 'true'],
    ]);
  });

  it('goes to another topic when told, waits for no close, and is off unless told', async () => {
    const plain = await broker.connect();
    await plain.producer().send({ topic: 'quiet', body: 'x' });
    const client = await broker.connect({ trace: { topic: 'our-traces' } });
    await client.producer().send({ topic: 'loud', body: 'x' });
    await client.close();
    expect(traced('our-traces').map((fields) => fields[4])).toEqual(['loud']);
    await broker.advance('10s');
    expect(broker.delivered(TRACE_TOPIC)).toEqual([]);
  });

  it('a trace that cannot be sent is told in the log once, and fails nothing', async () => {
    const warned: string[] = [];
    const log = { ...silentLog, warn: (line: string) => void warned.push(line) };
    const client = await broker.connect({ trace: { topic: 'no.topic' }, log });
    const producer = client.producer();
    for (let number = 0; number < 30; number++) await producer.send({ topic: 'fine', body: 'x' });
    await broker.settle();
    expect(warned).toEqual(['traces could not be sent, and are lost']);
    expect(broker.delivered('fine')).toHaveLength(30);
  });
});

describe('hooks of a client', () => {
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await createTestBroker({ hostile: false });
  });
  afterEach(() => broker?.close());

  it('are around every send and every delivery, the first outermost, and may add properties', async () => {
    const order: string[] = [];
    const named = (name: string): ClientHook => ({
      async send({ messages }, proceed) {
        order.push(`${name} sends`);
        for (const { properties } of messages) properties.set(name, 'was here');
        const sent = await proceed();
        order.push(`${name} has sent ${sent?.status ?? 'one-way'}`);
        return sent;
      },
      async consume({ message }, handle) {
        order.push(`${name} gives ${message.body.toString()}`);
        await handle();
      },
    });
    const seen: ReceivedMessage[] = [];
    const client = await broker.connect({ hooks: [named('outer'), named('inner')] });
    const consumer = client.consumer({
      group: 'hooked',
      subscriptions: { hooked: '*' },
      makeTopics: true,
      handle: async (message) => void seen.push(message),
    });
    await consumer.start();
    const producer = client.producer();
    await producer.send({ topic: 'hooked', body: 'one' });
    await broker.settle();
    const [sent, given] = ['s', 'gives'].map((word) =>
      order.filter((line) => line.split(' ')[1]?.startsWith(word)),
    );
    expect(sent).toEqual(['outer sends', 'inner sends']);
    expect(given).toEqual(['outer gives one', 'inner gives one']);
    const after = order.splice(0).filter((line) => line.includes('has sent'));
    expect(after).toEqual(['inner has sent stored', 'outer has sent stored']);
    await producer.sendBatch(['two', 'three'].map((body) => ({ topic: 'hooked', body })));
    await producer.sendOneWay({ topic: 'hooked', body: 'four' });
    await broker.settle();
    expect(seen.map(({ properties }) => [properties.get('outer'), properties.get('inner')])).toEqual(
      seen.map(() => ['was here', 'was here']),
    );
    expect(seen.map(({ body }) => body.toString()).sort()).toEqual(['four', 'one', 'three', 'two']);
    expect(order).toContain('outer has sent one-way');
  });

  it('as docs/observing.md shows', async () => {
    const client = await broker.connect({ hooks: [auditing] });
    const seen: ReceivedMessage[] = [];
    const consumer = client.consumer({
      group: 'audited',
      subscriptions: { audited: '*' },
      makeTopics: true,
      handle: async (message) => void seen.push(message),
    });
    await consumer.start();
    const { messageId } = await client.producer().send({ topic: 'audited', body: 'x' });
    await broker.settle();
    expect(seen[0]?.properties.get('sent-by')).toBe('shop');
    expect([...lines].sort()).toEqual([`audited has handled ${messageId}`, 'audited: stored']);
  });

  it('what a hook throws reaches the sender, and nothing is sent; one that forgets to go on is told', async () => {
    const client = await broker.connect({
      hooks: [
        {
          async send({ topic }, proceed) {
            if (topic === 'forbidden') throw new Error('not this topic');
            return topic === 'forgotten' ? undefined : proceed();
          },
        },
      ],
    });
    const producer = client.producer();
    await expect(producer.send({ topic: 'forbidden', body: 'x' })).rejects.toThrow('not this topic');
    await expect(producer.send({ topic: 'forgotten', body: 'x' })).rejects.toThrow('neither sent');
    expect(broker.topics.filter((topic) => topic.startsWith('for'))).toEqual([]);
  });
});
