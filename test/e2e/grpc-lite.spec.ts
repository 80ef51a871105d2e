import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { texts } from '../kit/grpc-trial.js';
import { LiteTrial, say, type LiteClient } from '../kit/lite-trial.js';
import { until } from '../kit/until.js';
import type { GrpcClient, Received } from '../kit/grpc-client.js';

jest.setTimeout(60_000);

const attempts = (messages: readonly Received[]): unknown[] =>
  messages.map(({ systemProperties }) => systemProperties.deliveryAttempt);

describe('lite topics', () => {
  let trial: LiteTrial;
  let producer: GrpcClient;
  beforeEach(async () => {
    trial = await LiteTrial.start();
    producer = await trial.producer();
  });
  afterEach(() => trial.close());

  const advance = (ms: number): Promise<void> => trial.grpc.advance(ms);

  /** A receive that is held until something comes. */
  async function waiting(client: LiteClient): Promise<{ messages: Promise<Received[]> }> {
    const messages = client.receive();
    await client.grpc.call('Heartbeat', {});
    return { messages };
  }

  it('are made by their first message, and each client is given those it subscribes to', async () => {
    expect(await say(producer, 'a', 'a1')).toMatchObject({
      status: { code: 'OK' },
      entries: [{ offset: 0 }],
    });
    await say(producer, 'b', 'b1');
    const [ann, bob] = [await trial.reader(['a']), await trial.reader(['b', 'c'])];
    const [first] = await ann.receive();
    expect(first).toMatchObject({
      topic: { name: 'chats' },
      systemProperties: { liteTopic: 'a', messageType: 'LITE', queueOffset: 0, deliveryAttempt: 1 },
    });
    expect(texts(await bob.receive())).toEqual(['b1']);
    const later = await waiting(bob);
    await say(producer, 'a', 'a2');
    await say(producer, 'c', 'c1');
    expect(texts(await later.messages)).toEqual(['c1']);
    expect(await ann.ack(first!)).toEqual(['OK']);
    expect(texts(await ann.receive())).toEqual(['a2']);
  });

  it('are read in order: nothing more of one while something of it is out, whoever asks', async () => {
    const [ann, bob] = [await trial.reader(['a', 'b']), await trial.reader(['a'])];
    for (const body of ['a1', 'a2', 'a3']) await say(producer, 'a', body);
    const [first, second] = await ann.receive({ batchSize: 2 });
    await say(producer, 'b', 'b1');
    expect(texts(await ann.receive())).toEqual(['b1']);
    const later = await waiting(bob);
    // out of order: the one before it is still out
    expect(await ann.ack(second!)).toEqual(['OK']);
    await advance(1_000);
    expect(await ann.ack(first!)).toEqual(['OK']);
    expect(texts(await later.messages)).toEqual(['a3']);
  });

  it('bring a message again in its place when its time is over, and when it is put off', async () => {
    const ann = await trial.reader(['a']);
    for (const body of ['a1', 'a2']) await say(producer, 'a', body);
    const [first] = await ann.receive({ batchSize: 1 });
    expect((await ann.change(first!, 3)).status.code).toBe('OK');
    const later = await waiting(ann);
    await advance(3_100);
    const again = await later.messages;
    expect([texts(again), attempts(again)]).toEqual([
      ['a1', 'a2'],
      [2, 1],
    ]);
    const last = await waiting(ann);
    await advance(5_000);
    expect(await last.messages).toEqual([]);
    await advance(25_100);
    expect(attempts(await ann.receive())).toEqual([3, 2]);
  });

  it('do not count a message that is suspended', async () => {
    const ann = await trial.reader(['a']);
    await say(producer, 'a', 'a1');
    const seen: unknown[] = [];
    for (const suspend of [true, false, true]) {
      const messages = await ann.receive();
      seen.push(...attempts(messages));
      await ann.change(messages[0]!, 1, suspend);
      await advance(1_100);
    }
    expect([...seen, ...attempts(await ann.receive())]).toEqual([1, 1, 2, 2]);
  });

  it('leave to the dead letters what failed too often, and go on behind it', async () => {
    await trial.group({}, { retryMaxTimes: 1 });
    const ann = await trial.reader(['a']);
    for (const body of ['bad', 'good']) await say(producer, 'a', body);
    for (const attempt of [1, 2]) {
      const [bad] = await ann.receive({ batchSize: 1 });
      expect(attempts([bad!])).toEqual([attempt]);
      await ann.change(bad!, 1);
      await advance(1_100);
    }
    expect(texts(await ann.receive({ batchSize: 1 }))).toEqual(['good']);
    const letters = await trial.grpc.consumer('%DLQ%readers', 'undertakers');
    const { messages } = await letters.receive('undertakers', '%DLQ%readers');
    expect(messages).toMatchObject([
      { systemProperties: { deadLetterQueue: { topic: 'chats' }, liteTopic: 'a' } },
    ]);
    expect(await letters.ack('undertakers', '%DLQ%readers', messages[0]!)).toMatchObject({
      status: { code: 'OK' },
    });
  });

  it('are buried by a client that gives up', async () => {
    const ann = await trial.reader(['a']);
    for (const body of ['bad', 'good']) await say(producer, 'a', body);
    const [bad] = await ann.receive({ batchSize: 1 });
    const { receiptHandle, messageId } = bad!.systemProperties;
    const names = { group: { name: 'readers' }, topic: { name: 'chats' } };
    const given = { ...names, receiptHandle, messageId, liteTopic: 'a' };
    expect(await ann.grpc.call('ForwardMessageToDeadLetterQueue', given)).toMatchObject({
      status: { code: 'OK' },
    });
    expect(texts(await ann.receive())).toEqual(['good']);
  });

  it('are subscribed to and unsubscribed from one by one, and all at once', async () => {
    const ann = await trial.reader(['a', 'b']);
    await ann.sync('PARTIAL_REMOVE', ['a']);
    await ann.sync('PARTIAL_ADD', ['c']);
    for (const name of ['a', 'b', 'c', 'd']) await say(producer, name, name);
    expect(texts(await ann.receive()).toSorted()).toEqual(['b', 'c']);
    await ann.sync('COMPLETE_ADD', ['a', 'd']);
    expect(texts(await ann.receive()).toSorted()).toEqual(['a', 'd']);
    await ann.sync('COMPLETE_REMOVE', []);
    await say(producer, 'e', 'e');
    const none = await waiting(ann);
    await advance(5_000);
    expect(await none.messages).toEqual([]);
  });

  it('are subscribed to from where a client wants', async () => {
    for (const body of ['a1', 'a2', 'a3']) await say(producer, 'a', body);
    const ann = await trial.reader([]);
    await ann.sync('PARTIAL_ADD', ['a'], { policy: 'MAX' });
    await say(producer, 'a', 'a4');
    await ann.ack(...(await ann.receive()));
    await ann.sync('PARTIAL_REMOVE', ['a']);
    await ann.sync('PARTIAL_ADD', ['a'], { tailN: 2 });
    expect(texts(await ann.receive())).toEqual(['a3', 'a4']);
    await ann.sync('PARTIAL_REMOVE', ['a']);
    await ann.sync('PARTIAL_ADD', ['a'], { policy: 'MIN' });
    expect(texts(await ann.receive())).toEqual(['a1', 'a2', 'a3', 'a4']);
    await ann.sync('PARTIAL_REMOVE', ['a']);
    await ann.sync('PARTIAL_ADD', ['a'], { offset: 3 });
    expect(texts(await ann.receive())).toEqual(['a4']);
  });

  it('have one reader at a time in an exclusive group: who subscribes last', async () => {
    await trial.group({ '+lite.sub.model': 'Exclusive' });
    const [ann, bob] = [await trial.reader(['a', 'b']), await trial.reader([])];
    expect((await bob.sync('PARTIAL_ADD', ['a'])).status.code).toBe('OK');
    await until('the first one is told', () => ann.lost.includes('a'));
    await say(producer, 'a', 'a1');
    await say(producer, 'b', 'b1');
    expect(texts(await bob.receive())).toEqual(['a1']);
    expect(texts(await ann.receive())).toEqual(['b1']);
    // it has not heard of it: that it repeats its subscription takes nothing back
    await ann.sync('COMPLETE_ADD', ['a', 'b']);
    await until('it is told again', () => ann.lost.length === 2);
    bob.grpc.close();
    await advance(10_100);
    await ann.sync('PARTIAL_ADD', ['a']);
    await advance(30_000);
    expect(texts(await ann.receive()).toSorted()).toEqual(['a1', 'b1']);
  });

  it('are handed out once more to an attempt whose answer was lost', async () => {
    const ann = await trial.reader(['a']);
    await say(producer, 'a', 'a1');
    const attemptId = 'attempt-1';
    expect(texts(await ann.receive({ attemptId }))).toEqual(['a1']);
    expect(texts(await ann.receive({ attemptId }))).toEqual(['a1']);
  });

  it('come to all who want one, each once, however many there are', async () => {
    const names = Array.from({ length: 500 }, (_, nth) => `user-${nth}`);
    const readers = await Promise.all([trial.reader(names), trial.reader(names)]);
    for (const body of ['1', '2'])
      await Promise.all(names.map((name) => say(producer, name, `${name} ${body}`)));
    const seen: string[] = [];
    while (seen.length < 2 * names.length)
      for (const reader of readers) {
        const messages = seen.length < 2 * names.length ? await reader.receive() : [];
        await reader.ack(...messages);
        seen.push(...texts(messages));
      }
    expect(new Set(seen).size).toBe(seen.length);
    for (const name of names) expect(seen.indexOf(`${name} 1`)).toBeLessThan(seen.indexOf(`${name} 2`));
  });

  it('are given back by a client that goes, and read by another', async () => {
    await say(producer, 'a', 'a1');
    const ann = await trial.reader(['a'], 'LITE_PUSH_CONSUMER');
    expect(texts(await ann.receive({ autoRenew: true }))).toEqual(['a1']);
    const bob = await trial.reader(['a']);
    const later = await waiting(bob);
    await ann.grpc.call('NotifyClientTermination', { group: { name: 'readers' } });
    await advance(1_100);
    const messages = await later.messages;
    expect([texts(messages), attempts(messages)]).toEqual([['a1'], [2]]);
  });
});
