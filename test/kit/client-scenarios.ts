import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  DeadLetter,
  HalfmqClient,
  RetryIn,
  silentLog,
  sql,
  TransactionState,
  type ConsumerOptions,
  type Log,
  type ReceivedMessage,
} from '@halfmq/transaction';
import { until } from './until.js';

/** Warnings and errors of the client under test, when one wants to see them. */
export const testLog: Log =
  process.env['HALFMQ_TEST_LOG'] === undefined
    ? silentLog
    : {
        ...silentLog,
        warn: (message, fields) => process.stdout.write(`warn ${message} ${textOf(fields)}\n`),
        error: (message, fields) => process.stdout.write(`error ${message} ${textOf(fields)}\n`),
      };

const textOf = (fields: object | undefined): string =>
  JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.message : value)) ?? '';

export interface Noted {
  readonly group: string;
  /** in the order of delivery */
  readonly seen: ReceivedMessage[];
  readonly close: () => Promise<void>;
}

/** Starts a consumer that notes what it gets, from the beginning of the topic unless told otherwise. */
export async function note(
  client: HalfmqClient,
  topic: string,
  more: Partial<ConsumerOptions> & { group: string },
): Promise<Noted> {
  const seen: ReceivedMessage[] = [];
  const consumer = client.consumer({
    subscriptions: { [topic]: '*' },
    from: 'first',
    ...more,
    handle: async (message, context) => {
      seen.push(message);
      await more.handle?.(message, context);
    },
  });
  await consumer.start();
  return { group: more.group, seen, close: () => consumer.close() };
}

/**
 * What the client does on any RocketMQ: the same scenarios run on HalfMQ and on Apache RocketMQ. The broker's first
 * delay levels are one second each, automatic topic creation is on.
 */
export function clientScenarios(nameServer: () => string, brokerName: string): void {
  let client: HalfmqClient;
  const others: HalfmqClient[] = [];
  let names = 0;
  const fresh = (what: string): string => `${what}-${++names}`;

  const another = async (): Promise<HalfmqClient> => {
    const one = new HalfmqClient({ nameServers: nameServer(), log: testLog });
    others.push(one);
    await one.start();
    return one;
  };
  const consume = (topic: string, more: Partial<ConsumerOptions> = {}, by = client): Promise<Noted> =>
    note(by, topic, { group: fresh('group'), ...more });

  beforeEach(async () => {
    client = new HalfmqClient({ nameServers: nameServer(), log: testLog });
    await client.start();
  });
  afterEach(async () => {
    await client.close();
    for (const one of others.splice(0)) await one.close();
  });

  it('sends synchronously, one-way, large and in batches, and consumes each once, by tag', async () => {
    const topic = fresh('sends');
    const producer = client.producer();
    const receipt = await producer.send({
      topic,
      body: 'one',
      tag: 'a',
      keys: ['k1', 'k2'],
      properties: { x: 'y' },
    });
    expect(receipt).toMatchObject({ topic, brokerName, status: 'stored' });
    const wanted = await consume(topic);
    const tagged = await consume(topic, { subscriptions: { [topic]: 'a || b' } });
    const large = 'large '.repeat(20_000);
    await producer.send({ topic, body: large, tag: 'b' });
    await producer.sendOneWay({ topic, body: 'one-way', tag: 'c' });
    const batch = await producer.sendBatch(['b1', 'b2', 'b3'].map((body) => ({ topic, body, tag: 'd' })));
    expect(batch[2]!.queueOffset).toBe(batch[0]!.queueOffset + 2);
    await until('all six are there', () => wanted.seen.length === 6);
    await until('the two wanted are there', () => tagged.seen.length === 2);
    const bodies = wanted.seen.map((message) => message.body.toString()).sort();
    expect(bodies).toEqual(['b1', 'b2', 'b3', large, 'one', 'one-way'].sort());
    const first = wanted.seen.find((message) => message.messageId === receipt.messageId);
    expect(first).toMatchObject({
      topic,
      tag: 'a',
      keys: ['k1', 'k2'],
      reconsumeTimes: 0,
      offsetMessageId: receipt.offsetMessageId,
    });
    expect(first!.properties.get('x')).toBe('y');
    expect(new Set(wanted.seen.map((message) => message.messageId)).size).toBe(6);
  });

  it('consumes what an SQL92 selector wants, and does not start with one that is wrong', async () => {
    const topic = fresh('selected');
    const producer = client.producer();
    const send = (amount: number): Promise<unknown> =>
      producer.send({ topic, body: String(amount), properties: { amount: String(amount), region: 'cn' } });
    for (const amount of [1, 20, 3]) await send(amount);
    const selector = sql("amount BETWEEN 10 AND 50 AND region IN ('cn', 'us')");
    const { seen } = await consume(topic, { subscriptions: { [topic]: selector } });
    await until('the wanted one is there', () => seen.length === 1);
    for (const amount of [60, 40]) await send(amount);
    await until('the wanted ones are there', () => seen.length === 2);
    expect(seen.map((message) => message.body.toString())).toEqual(['20', '40']);
    const wrong = consume(topic, { subscriptions: { [topic]: sql('amount >') } });
    await expect(wrong).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
      status: 'SUBSCRIPTION_PARSE_FAILED',
    });
  });

  it('delays by level and by milliseconds', async () => {
    const topic = fresh('delays');
    const { seen } = await consume(topic);
    const producer = client.producer();
    await producer.send({ topic, body: 'makes the topic' });
    await until('the topic is read', () => seen.length === 1);
    await producer.send({ topic, body: 'level', delayLevel: 1 });
    await producer.send({ topic, body: 'ms', delayMs: 1_500 });
    await producer.send({ topic, body: 'now' });
    await until('all are there', () => seen.length === 4);
    expect(seen[1]!.body.toString()).toBe('now');
  });

  it('asks, and is answered by whoever handles the question', async () => {
    const topic = fresh('asked');
    const replier = client.producer({ group: fresh('repliers') });
    await replier.send({ topic, body: 'no question' });
    await consume(topic, {
      handle: async (message) => {
        if (message.properties.has('REPLY_TO_CLIENT'))
          await replier.reply(message, `re: ${message.body.toString()}`);
      },
    });
    const asker = (await another()).producer({ group: fresh('askers') });
    const ask = (body: string) => asker.request({ topic, body }, { timeoutMs: 30_000 });
    const answers = await Promise.all(['one', 'two', 'three'].map(ask));
    expect(answers.map(({ body }) => body.toString())).toEqual(['re: one', 're: two', 're: three']);
  });

  it('retries with back-off and then to the dead-letter topic, at once for DeadLetter', async () => {
    const topic = fresh('retries');
    const { group, seen } = await consume(topic, {
      maxReconsumeTimes: 2,
      handle: async (message) => {
        if (message.body.toString() === 'dead') throw new DeadLetter('no use');
        if (message.reconsumeTimes === 0) throw new RetryIn('1s');
        throw new Error('not today');
      },
    });
    const dead = await consume(`%DLQ%${group}`, {});
    const producer = client.producer();
    const failing = await producer.send({ topic, body: 'failing' });
    const hopeless = await producer.send({ topic, body: 'dead' });
    await until('both are dead letters', () => dead.seen.length === 2, 60_000);
    const tries = seen.filter((message) => message.messageId === failing.messageId);
    expect(tries.map((message) => [message.topic, message.reconsumeTimes])).toEqual([
      [topic, 0],
      [topic, 1],
      [topic, 2],
    ]);
    expect(seen.filter((message) => message.messageId === hopeless.messageId)).toHaveLength(1);
    expect(dead.seen.map((message) => message.messageId).sort()).toEqual(
      [failing.messageId, hopeless.messageId].sort(),
    );
  });

  it('delivers a committed transaction once, a rolled-back one never, and answers the check of a lost one', async () => {
    const topic = fresh('transactions');
    const checked: string[] = [];
    const { seen } = await consume(topic);
    const producer = client.transactionProducer({
      group: fresh('producers'),
      topics: [topic],
      check: async (message) => {
        const what = message.body.toString();
        checked.push(what);
        if (what === 'lost, no') return TransactionState.Rollback;
        if (checked.filter((one) => one === what).length === 1) return TransactionState.Unknown;
        return TransactionState.Commit;
      },
    });
    const yes = await producer.prepare({ topic, body: 'yes' });
    const no = await producer.prepare({ topic, body: 'no' });
    await producer.prepare({ topic, body: 'lost, yes'.repeat(1_000) });
    await producer.prepare({ topic, body: 'lost, no' });
    await producer.end(yes, TransactionState.Commit);
    await producer.end(no, TransactionState.Rollback);
    await until('the checks have decided', () => seen.length >= 2 && checked.includes('lost, no'), 60_000);
    expect(seen.map((message) => message.body.toString().slice(0, 9)).sort()).toEqual(['lost, yes', 'yes']);
    expect(seen.find((message) => message.messageId === yes.uniqueKey)?.transactionId).toBe(yes.uniqueKey);
    expect(checked).not.toContain('yes');
  });

  it('is asked about the transactions of a producer that died, before it sends anything', async () => {
    const topic = fresh('orphans');
    const group = fresh('producers');
    const { seen } = await consume(topic);
    const dying = await another();
    const check = async () => TransactionState.Commit;
    await dying.transactionProducer({ group, topics: [topic], check }).prepare({ topic, body: 'orphan' });
    await dying.close();
    client.transactionProducer({ group, topics: [topic], check });
    await until('the heir has answered', () => seen.length === 1, 60_000);
  });

  it('shares the queues between two members; the one that stays gets all, and nothing twice', async () => {
    const topic = fresh('shared');
    const producer = client.producer();
    await producer.send({ topic, body: 'makes the topic' });
    const group = fresh('group');
    const first = await consume(topic, { group });
    const other = await another();
    const second = await consume(topic, { group }, other);
    const send = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, n) => producer.send({ topic, body: `m${n}` })));
    await until('both get some', async () => {
      await send(8);
      return second.seen.length > 0;
    });
    await second.close();
    const before = first.seen.length;
    await send(8);
    await until('the first gets the rest', () => first.seen.length >= before + 8);
    const ids = [...first.seen, ...second.seen].map((message) => message.messageId);
    const sent = new Set(ids);
    expect(ids).toHaveLength(sent.size);
  });

  it('keeps the order of a key in an ordered consumer, over a failure', async () => {
    const topic = fresh('ordered');
    const producer = client.producer();
    await producer.send({ topic, body: 'makes the topic' });
    const failed = new Set<string>();
    const done: string[] = [];
    await consume(topic, {
      order: 'queue',
      handle: async (message) => {
        const body = message.body.toString();
        if (body === 'k1:1' && !failed.has(body)) {
          failed.add(body);
          throw new Error('once more');
        }
        done.push(body);
      },
    });
    for (let n = 0; n < 5; n++) {
      for (const key of ['k1', 'k2', 'k3']) {
        await producer.send({ topic, body: `${key}:${n}`, orderingKey: key });
      }
    }
    await until('all are handled', () => done.length >= 16);
    for (const key of ['k1', 'k2', 'k3']) {
      expect(done.filter((body) => body.startsWith(key))).toEqual([0, 1, 2, 3, 4].map((n) => `${key}:${n}`));
    }
  });
}
