import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import {
  decodeConsumerIdList,
  getConsumerListByGroup,
  getProducerConnectionList,
  ManualClock,
  RemotingClient,
  ResponseCode,
  silentLog,
  systemClock,
} from '@halfmq/remoting';
import { BrokerRefused, HandlerTimedOut, PauseGroup, sql, TransactionState } from '@halfmq/transaction';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

/** Moved by the test; what a timer has sent gets the time to be answered over loopback. */
const breathing = (): ManualClock =>
  new ManualClock(undefined, () => new Promise((resolve) => setTimeout(resolve, 5)));

/** Takes the place of a broker and counts who still calls. */
async function callersOf(address: string): Promise<{ server: Server; count: () => number }> {
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  server.listen(Number(address.split(':')[1]), '127.0.0.1');
  await once(server, 'listening');
  return { server, count: () => calls };
}

describe('a client and what leaves', () => {
  let cluster: InProcessCluster;
  const tool = new RemotingClient({ clock: systemClock, log: silentLog });
  const check = async (): Promise<TransactionState> => TransactionState.Unknown;

  beforeAll(async () => {
    cluster = await InProcessCluster.start();
  });
  afterEach(() => cluster?.closeClients());
  afterAll(async () => {
    await tool.close();
    await cluster?.close();
  });

  async function knows(address: string, producerGroup: string): Promise<boolean> {
    const how = { timeoutMs: 3_000 };
    const answer = await tool.request(address, getProducerConnectionList, { producerGroup }, undefined, how);
    return answer.code === ResponseCode.SUCCESS;
  }

  it('does not call a broker for ever that was taken away, and is there when it returns', async () => {
    const { address } = await cluster.startBroker('goes');
    const clock = breathing();
    const client = await cluster.connect({ clock });
    client.transactionProducer({ group: 'loyal', topics: ['*'], check });
    await until('the broker knows it', () => knows(address, 'loyal'));
    await cluster.stopBroker('goes');
    const { server, count } = await callersOf(address);
    await clock.advance(5_000);
    expect(count()).toBeGreaterThan(2);
    await clock.advance(70_000);
    const before = count();
    await clock.advance(25_000);
    expect(count() - before).toBeLessThan(3);
    server.close();
    await once(server, 'close');
    await cluster.startBroker('goes');
    await clock.advance(2_000);
    await until('the broker knows it again', () => knows(address, 'loyal'));
    await cluster.stopBroker('goes');
  }, 30_000);

  it('that closed a transactional producer is asked no more', async () => {
    const { address } = await cluster.startBroker('asks');
    const client = await cluster.connect();
    const first = client.transactionProducer({ group: 'leavers', topics: ['left'], check });
    const second = client.transactionProducer({ group: 'leavers', topics: ['stays'], check });
    await until('the broker knows it', () => knows(address, 'leavers'));
    await first.close();
    expect(await knows(address, 'leavers')).toBe(true);
    await second.close();
    expect(await knows(address, 'leavers')).toBe(false);
    client.transactionProducer({ group: 'leavers', topics: ['left'], check });
    await until('a new one of the same group is known', () => knows(address, 'leavers'));
    await cluster.stopBroker('asks');
  });

  it('closes although a check of the application hangs', async () => {
    await cluster.startBroker('hangs');
    const clock = breathing();
    const client = await cluster.connect({ clock });
    let asked = 0;
    const hanging = (): Promise<TransactionState> => {
      asked++;
      return new Promise(() => undefined);
    };
    const producer = client.transactionProducer({ group: 'hangers', topics: ['*'], check: hanging });
    await producer.prepare({ topic: 'hanging', body: 'x' });
    await until('the check hangs', () => asked > 0);
    const closed = client.close();
    await clock.advance(31_000);
    await closed;
    await cluster.stopBroker('hangs');
  });

  it('leaves no timer behind, also when a handler pauses its group while it is waited for', async () => {
    await cluster.startBroker('pauses');
    const clock = breathing();
    const client = await cluster.connect({ clock });
    await client.producer().send({ topic: 'paused', body: 'x' });
    let end = (): void => undefined;
    const { seen } = await note(client, 'paused', {
      group: 'pausers',
      handle: async () => {
        await new Promise<void>((resolve) => (end = resolve));
        throw new PauseGroup('10m');
      },
    });
    await until('it is handled', () => seen.length === 1);
    const closed = client.close();
    end();
    await closed;
    expect(clock.pending).toBe(0);
    await cluster.stopBroker('pauses');
  });

  it('leaves a handler to itself that does not end, tells it so, and waits for it no more', async () => {
    await cluster.startBroker('hangs');
    const clock = breathing();
    const client = await cluster.connect({ clock });
    await client.producer().send({ topic: 'hanging', body: 'x' });
    let reason: unknown;
    const { seen } = await note(client, 'hanging', {
      group: 'hangers',
      drainTimeoutMs: 1_000,
      handle: (_message, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => void (reason = signal.reason))),
    });
    await until('it is handled', () => seen.length === 1);
    const closed = client.close();
    await clock.advance(1_000);
    await closed;
    expect(reason).toBeInstanceOf(HandlerTimedOut);
    expect(clock.pending).toBe(0);
    await cluster.stopBroker('hangs');
  });

  it('takes nobody along when a consumer is closed that could not begin', async () => {
    const { address } = await cluster.startBroker('refuses');
    const client = await cluster.connect();
    await client.producer().send({ topic: 'refused', body: 'x' });
    const options = { group: 'refusers', handle: async () => undefined };
    const broken = client.consumer({ ...options, subscriptions: { refused: sql('a >') } });
    await expect(broken.start()).rejects.toBeInstanceOf(BrokerRefused);
    const { seen } = await note(client, 'refused', options);
    await broken.close();
    const header = { consumerGroup: 'refusers' };
    const answer = await tool.request(address, getConsumerListByGroup, header, undefined, {
      timeoutMs: 3_000,
    });
    expect(decodeConsumerIdList(answer.body)).toEqual([client.clientId]);
    await until('its successor reads', () => seen.length === 1);
    await cluster.stopBroker('refuses');
  });

  it('loses no message to a log that throws', async () => {
    await cluster.startBroker('talks');
    const log = {
      ...silentLog,
      warn: (message: string): void => {
        if (message.startsWith('a handler failed')) throw new Error('the log is full');
      },
    };
    const client = await cluster.connect({ log });
    const { seen } = await note(client, 'talked', {
      group: 'talkers',
      handle: async () => {
        if (seen.length === 1) throw new Error('not now');
      },
    });
    await client.producer().send({ topic: 'talked', body: 'x' });
    await until('it came again', () => seen.length === 2);
    await cluster.stopBroker('talks');
  });

  it('reads on although its log throws whatever it is told', async () => {
    await cluster.startBroker('full');
    const rejected: unknown[] = [];
    const hear = (reason: unknown): void => void rejected.push(reason);
    process.on('unhandledRejection', hear);
    let told = 0;
    const full = (): never => {
      told++;
      throw new Error('the log is full');
    };
    const client = await cluster.connect({ log: { debug: full, info: full, warn: full, error: full } });
    await client.producer().send({ topic: 'logged', body: 'x' });
    const popping = await note(client, 'logged', { group: 'log-poppers', by: 'pop' });
    const pulling = await note(client, 'logged', { group: 'log-pullers' });
    const bothSaw = (count: number): boolean => popping.seen.length >= count && pulling.seen.length >= count;
    await until('both read', () => bothSaw(1));
    await cluster.stopBroker('full');
    await until('there was something to tell', () => told > 5);
    await cluster.startBroker('full');
    const sender = await cluster.connect();
    await until('both read again', async () => {
      await sender.producer().send({ topic: 'logged', body: 'y' });
      return bothSaw(2);
    });
    process.off('unhandledRejection', hear);
    expect(rejected).toEqual([]);
    await cluster.stopBroker('full');
  }, 30_000);

  it('says once that a topic does not exist which it is to read', async () => {
    await cluster.startBroker('tells');
    const said: string[] = [];
    const log = { ...silentLog, warn: (message: string): void => void said.push(message) };
    await note(await cluster.connect({ log }), 'slip-of-the-pen', { group: 'askers' });
    expect(said).toEqual(['topic slip-of-the-pen does not exist: group askers reads it as soon as it does']);
    await cluster.stopBroker('tells');
  });
});
