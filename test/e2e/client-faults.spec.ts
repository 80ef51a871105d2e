import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HalfmqClient, RetryIn, SendFailed, TransactionState, VerdictConflict } from '@halfmq/transaction';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

/** As the kill of its process: its sockets are gone, and nothing was said before. */
function die(client: HalfmqClient): Promise<void> {
  return (client as unknown as { remoting: { close(): Promise<void> } }).remoting.close();
}

describe('a client and its brokers', () => {
  let cluster: InProcessCluster;
  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
  });
  afterEach(() => cluster?.closeClients());
  afterAll(() => cluster?.close());

  it('loses nothing of a member that dies: the other gets what was not finished', async () => {
    const producer = (await cluster.connect()).producer();
    await producer.send({ topic: 'deaths', body: 'first' });
    const survivor = await note(await cluster.connect(), 'deaths', { group: 'heirs' });
    const doomed = await cluster.connect();
    const never = new Promise<void>(() => undefined);
    const victim = await note(doomed, 'deaths', { group: 'heirs', handle: () => never, drainTimeoutMs: 1 });
    const sent = new Set<string>();
    await until('the doomed one holds some', async () => {
      sent.add((await producer.send({ topic: 'deaths', body: 'x' })).messageId);
      return victim.seen.length > 2;
    });
    await die(doomed);
    await until('the survivor has all', () => {
      const got = new Set(survivor.seen.map((message) => message.messageId));
      return [...sent].every((id) => got.has(id));
    });
  });

  it('hands over on close what it has not begun, and repeats nothing it has finished', async () => {
    const producer = (await cluster.connect()).producer();
    const leaving = await cluster.connect();
    let running = 0;
    const first = await note(leaving, 'drained', {
      group: 'drainers',
      concurrency: 2,
      handle: async () => {
        running++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        running--;
      },
    });
    const sent: string[] = [];
    for (let n = 0; n < 60; n++)
      sent.push((await producer.send({ topic: 'drained', body: `m${n}` })).messageId);
    await until('it works', () => first.seen.length > 5);
    await first.close();
    expect(running).toBe(0);
    expect(first.seen.length).toBeLessThan(60);
    const second = await note(await cluster.connect(), 'drained', { group: 'drainers' });
    await until('the rest is handled', () => first.seen.length + second.seen.length >= 60);
    const got = [...first.seen, ...second.seen].map((message) => message.messageId);
    expect(got.sort()).toEqual(sent.sort());
  });

  it('goes on sending and consuming when the broker comes back', async () => {
    const client = await cluster.connect();
    const producer = client.producer({ sendTimeoutMs: 10_000 });
    const { seen } = await note(client, 'restarts', { group: 'patient' });
    const answered = new Set<string>();
    const stop = new AbortController();
    const sending = (async () => {
      while (!stop.signal.aborted) {
        try {
          answered.add((await producer.send({ topic: 'restarts', body: 'x' })).messageId);
        } catch (error) {
          if (!(error instanceof SendFailed)) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await until('some are sent', () => answered.size > 10);
    await cluster.stopBroker('broker-a');
    await cluster.startBroker('broker-a');
    const before = answered.size;
    await until('sending goes on', () => answered.size > before + 10);
    stop.abort();
    await sending;
    await until('every answered one is consumed', () => {
      const got = new Set(seen.map((message) => message.messageId));
      return [...answered].every((id) => got.has(id));
    });
  });

  it('is asked about its transactions again as soon as the broker is back', async () => {
    const client = await cluster.connect();
    const { seen } = await note(client, 'in-doubt', { group: 'in-doubt-readers' });
    const producer = client.transactionProducer({
      group: 'in-doubt-producers',
      topics: ['*'],
      check: async () => TransactionState.Commit,
    });
    await producer.prepare({ topic: 'in-doubt', body: 'x' });
    await cluster.stopBroker('broker-a');
    await cluster.startBroker('broker-a');
    await until('the check has decided', () => seen.length === 1);
  });

  it('refuses the second, opposite verdict and takes the same one again', async () => {
    const client = await cluster.connect();
    const check = async () => TransactionState.Unknown;
    const producer = client.transactionProducer({ group: 'judges', topics: ['verdicts'], check });
    const half = await producer.prepare({ topic: 'verdicts', body: 'x' });
    await producer.end(half, 'rollback');
    await producer.end(half, 'rollback');
    const late = producer.end(half, 'commit');
    await expect(late).rejects.toBeInstanceOf(VerdictConflict);
    await expect(late).rejects.toMatchObject({ decided: { verdict: 'rollback' }, wanted: 'commit' });
  });

  it('broadcasts to every member, and each goes on where it was', async () => {
    const offsetFolder = await mkdtemp(join(tmpdir(), 'halfmq-offsets-'));
    try {
      const producer = (await cluster.connect()).producer();
      await producer.send({ topic: 'broadcast', body: '1' });
      const model = { model: 'broadcasting', group: 'everyone', offsetFolder } as const;
      const one = await cluster.connect({ instanceName: 'one' });
      const first = await note(one, 'broadcast', model);
      const second = await note(await cluster.connect({ instanceName: 'two' }), 'broadcast', model);
      await producer.send({ topic: 'broadcast', body: '2' });
      const both = [first, second];
      await until('each has both', () => both.every(({ seen }) => seen.length === 2));
      await one.close();
      await producer.send({ topic: 'broadcast', body: '3' });
      const again = await note(await cluster.connect({ instanceName: 'one' }), 'broadcast', model);
      await until('the third is there', () => again.seen.length > 0);
      expect(again.seen.map((message) => message.body.toString())).toEqual(['3']);
    } finally {
      await cluster.closeClients();
      await rm(offsetFolder, { recursive: true, force: true });
    }
  });

  it('sends to another broker when one is gone', async () => {
    const pair = await InProcessCluster.start();
    try {
      for (const name of ['one', 'two']) await pair.startBroker(name);
      const producer = (await pair.connect()).producer();
      const brokers = new Set<string>();
      await until('both are used', async () => {
        brokers.add((await producer.send({ topic: 'pair', body: 'x' })).brokerName);
        return brokers.size === 2;
      });
      await pair.stopBroker('one');
      for (let n = 0; n < 10; n++) {
        expect((await producer.send({ topic: 'pair', body: 'x' })).brokerName).toBe('two');
      }
    } finally {
      await pair.close();
    }
  });

  it('retries a message whose handler asked for a wait that is none', async () => {
    const client = await cluster.connect();
    const { seen } = await note(client, 'odd-waits', {
      group: 'odd-waiters',
      concurrency: 1,
      handle: async (message) => {
        if (message.reconsumeTimes === 0) throw new RetryIn('soon');
      },
    });
    await client.producer().send({ topic: 'odd-waits', body: 'x' });
    await until('it came again', () => seen.length === 2);
  });

  it('finds a topic that is made after the consumer, from its first message on', async () => {
    const client = await cluster.connect();
    const { seen } = await note(client, 'later', { group: 'early-birds', from: 'last' });
    await client.producer().send({ topic: 'later', body: 'first' });
    await until('it is there', () => seen.length === 1);
  });

  it('begins at a moment', async () => {
    const client = await cluster.connect();
    const producer = client.producer();
    await producer.send({ topic: 'moments', body: 'before' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const from = new Date();
    await producer.send({ topic: 'moments', body: 'after' });
    const all = await note(client, 'moments', { group: 'from-first' });
    const late = await note(client, 'moments', { group: 'from-date', from });
    await until('each has its own', () => all.seen.length === 2 && late.seen.length > 0);
    expect(late.seen.map((message) => message.body.toString())).toEqual(['after']);
  });

  it('handles again here what no broker takes back, when one is there again', async () => {
    const client = await cluster.connect();
    const handled: number[] = [];
    await note(client, 'stubborn', {
      group: 'stubborn-readers',
      handle: async (message) => {
        handled.push(message.reconsumeTimes);
        if (handled.length > 1) return;
        await cluster.stopBroker('broker-a');
        throw new Error('and the broker is gone');
      },
    });
    await client.producer().send({ topic: 'stubborn', body: 'x' });
    await until('the broker is gone', () => handled.length === 1);
    await until('it can start again', () =>
      cluster.startBroker('broker-a').then(
        () => true,
        () => false,
      ),
    );
    await until('it came again', () => handled.length > 1, 30_000);
  });
});
