import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  getProducerConnectionList,
  updateAndCreateSubscriptiongroup,
  updateAndCreateTopic,
} from '@halfmq/remoting';
import { GrpcClient, type Answer, type Received } from './grpc-client.js';
import { texts } from './grpc-trial.js';
import { InProcessCluster } from './in-process-cluster.js';
import { until } from './until.js';
import { WireClient } from './wire-client.js';

interface Entry {
  readonly transactionId: string;
  readonly recallHandle: string;
}

const entryOf = ({ entries }: Answer): Entry => {
  const [entry] = entries as Entry[];
  if (!entry) throw new Error('an entry expected');
  return entry;
};

const BROKERS = ['beyond', 'further'];
const at = (broker: string, topic = 'there'): object => ({
  messageQueue: { topic: { name: topic }, id: -1, broker: { name: broker } },
});

/** A gRPC door that speaks for others. */
export interface Door {
  readonly port: number | undefined;
  close(): Promise<void>;
}

/** The topic `there` is at two brokers without a door, one queue each; all clients know is the door. */
export function elsewhereScenarios(openDoor: (cluster: InProcessCluster) => Promise<Door>): void {
  let cluster: InProcessCluster;
  let door: Door;
  const admins: WireClient[] = [];
  const clients: GrpcClient[] = [];
  beforeEach(async () => {
    cluster = await InProcessCluster.start();
    for (const name of BROKERS) {
      const { address } = await cluster.startBroker(name, { autoCreateTopicEnable: 'false' });
      admins.push(new WireClient(address));
    }
    await topic('there');
    door = await openDoor(cluster);
    await routed('there');
  });
  afterEach(async () => {
    for (const one of clients.splice(0)) one.close();
    for (const admin of admins.splice(0)) await admin.close();
    await door.close();
    await cluster.close();
  });

  function client(): GrpcClient {
    const made = new GrpcClient(door.port);
    clients.push(made);
    return made;
  }

  async function topic(name: string): Promise<void> {
    const header = { topic: name, readQueueNums: 1, writeQueueNums: 1, perm: 6 };
    for (const admin of admins) await admin.ask(updateAndCreateTopic, header);
  }

  const routed = (name: string): Promise<unknown> =>
    until('the name server knows both', async () => {
      const { messageQueues } = await client().call('QueryRoute', { topic: { name } });
      return (messageQueues as unknown[]).length === 2;
    });

  async function group(settings: object): Promise<void> {
    const body = Buffer.from(JSON.stringify(settings));
    for (const admin of admins) await admin.ask(updateAndCreateSubscriptiongroup, {}, body);
  }

  async function producer(): Promise<GrpcClient> {
    const made = client();
    await made.producer('there');
    return made;
  }

  async function consumer(name = 'readers', type?: string): Promise<GrpcClient> {
    const made = client();
    await made.consumer(name, 'there', type);
    return made;
  }

  /** Until so many have come; both brokers are asked, each for its own. */
  async function received(
    from: GrpcClient,
    count: number,
    more: object = {},
    [name, of]: readonly [string, string] = ['readers', 'there'],
  ): Promise<Received[]> {
    const all: Received[] = [];
    const ask = async (broker: string): Promise<void> => {
      while (all.length < count) {
        const { messages } = await from.receive(name, of, { ...at(broker, of), ...more });
        all.push(...messages);
      }
    };
    // one of them may still wait when the other has brought the last
    const asking = BROKERS.map((broker) => ask(broker).catch(() => undefined));
    void Promise.all(asking);
    await until(`${count} have come`, () => all.length >= count);
    return all;
  }

  const buried = (from: GrpcClient): Promise<Received[]> =>
    received(from, 1, {}, ['undertakers', '%DLQ%readers']);

  it('sends to them in turn, receives from them, and acknowledges there', async () => {
    const [sender, reader] = [await producer(), await consumer()];
    for (const body of ['a', 'b', 'c', 'd'])
      expect(await sender.send('there', body)).toMatchObject({ status: { code: 'OK' } });
    const all = await received(reader, 4);
    expect(texts(all).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    const brokers = all.map(({ systemProperties }) => systemProperties.receiptHandle.split(' ')[5]);
    expect(brokers.filter((name) => name === 'beyond')).toHaveLength(2);
    for (const message of all)
      expect(await reader.ack('readers', 'there', message)).toMatchObject({ status: { code: 'OK' } });
    const [first] = all;
    expect(first && (await reader.ack('readers', 'there', first))).toMatchObject({ status: { code: 'OK' } });
  });

  it('changes how long a message is invisible, and buries it', async () => {
    const [sender, reader] = [await producer(), await consumer()];
    await sender.send('there', 'one');
    const [first] = await received(reader, 1);
    const names = { group: { name: 'readers' }, topic: { name: 'there' } };
    const changed = await reader.call('ChangeInvisibleDuration', {
      ...names,
      ...first?.systemProperties,
      invisibleDuration: { seconds: 1, nanos: 0 },
    });
    expect(changed).toMatchObject({ status: { code: 'OK' } });
    const [second] = await received(reader, 1);
    expect(second?.systemProperties.deliveryAttempt).toBe(2);
    const given = { ...names, ...second?.systemProperties };
    expect(await reader.call('ForwardMessageToDeadLetterQueue', given)).toMatchObject({
      status: { code: 'OK' },
    });
    const undertaker = client();
    await undertaker.consumer('undertakers', '%DLQ%readers');
    const [dead] = await buried(undertaker);
    expect(dead?.systemProperties.messageId).toBe(first?.systemProperties.messageId);
  });

  it('gives a message group one queue, in order, and holds it back behind one that is out', async () => {
    await group({ groupName: 'readers', consumeMessageOrderly: true });
    const [sender, reader] = [await producer(), await consumer()];
    const fifo = { messageType: 'FIFO', messageGroup: 'g' };
    for (const body of ['0', '1', '2']) await sender.send('there', body, fifo);
    const one = { batchSize: 1 };
    const [first] = await received(reader, 1, one);
    expect(first?.body.toString()).toBe('0');
    const { assignments } = await reader.call('QueryAssignment', {
      topic: { name: 'there' },
      group: { name: 'readers' },
    });
    expect(
      (assignments as { messageQueue: { id: number } }[]).map(({ messageQueue }) => messageQueue.id),
    ).toEqual([0, 0]);
    if (first) await reader.ack('readers', 'there', first);
    expect(texts(await received(reader, 2))).toEqual(['1', '2']);
  });

  it('ends transactions there, and brings the question about one to its producer', async () => {
    const [sender, reader] = [await producer(), await consumer()];
    const half = { messageType: 'TRANSACTION' };
    const ended = (transactionId: string, resolution: string, source = 'SOURCE_CLIENT'): Promise<Answer> =>
      sender.call('EndTransaction', {
        topic: { name: 'there' },
        messageId: 'x',
        transactionId,
        resolution,
        source,
      });
    const committed = entryOf(await sender.send('there', 'committed', half));
    expect(await ended(committed.transactionId, 'COMMIT')).toMatchObject({ status: { code: 'OK' } });
    expect(await ended(committed.transactionId, 'ROLLBACK')).toMatchObject({
      status: { code: 'PRECONDITION_FAILED' },
    });
    await sender.send('there', 'asked about', half);
    const { message, transactionId } = await until('it is asked', () => {
      const asked = sender.told.find((command) => command['recoverOrphanedTransactionCommand']);
      return asked?.['recoverOrphanedTransactionCommand'] as { message: Received; transactionId: string };
    });
    expect(message.body.toString()).toBe('asked about');
    await ended(transactionId, 'COMMIT', 'SOURCE_SERVER_CHECK');
    expect(texts(await received(reader, 2)).toSorted()).toEqual(['asked about', 'committed']);
  });

  it('reads at offsets, and keeps those of groups', async () => {
    const sender = await producer();
    for (const body of ['a', 'b', 'c', 'd']) await sender.send('there', body);
    const [reader, readers] = [client(), { name: 'readers' }];
    const messageQueue = { topic: { name: 'there' }, id: 0, broker: { name: 'beyond' } };
    const first = await reader.pull('readers', messageQueue, 0, { batchSize: 1 });
    expect(first).toMatchObject({ status: 'OK', nextOffset: 1 });
    expect(first.messages).toHaveLength(1);
    expect(await reader.pull('readers', messageQueue, 1)).toMatchObject({ status: 'OK', nextOffset: 2 });
    expect(await reader.pull('readers', messageQueue, 2)).toEqual({
      status: 'MESSAGE_NOT_FOUND',
      messages: [],
      nextOffset: 2,
    });
    expect(await reader.pull('readers', messageQueue, 9)).toEqual({
      status: 'ILLEGAL_OFFSET',
      messages: [],
      nextOffset: 2,
    });
    const place = { group: readers, messageQueue };
    expect(await reader.call('GetOffset', place)).toMatchObject({ status: { code: 'OFFSET_NOT_FOUND' } });
    expect(await reader.call('UpdateOffset', { ...place, offset: 2 })).toMatchObject({
      status: { code: 'OK' },
    });
    expect(await reader.call('GetOffset', place)).toMatchObject({ status: { code: 'OK' }, offset: 2 });
    const at = async (queryOffsetPolicy: string, more = {}): Promise<unknown> =>
      (await reader.call('QueryOffset', { messageQueue, queryOffsetPolicy, ...more }))['offset'];
    expect([await at('BEGINNING'), await at('END')]).toEqual([0, 2]);
    expect(await at('TIMESTAMP', { timestamp: { seconds: 1, nanos: 0 } })).toBe(0);
  });

  it('is a producer there for as long as it has one', async () => {
    const knowing = async (): Promise<number> => {
      const header = { producerGroup: 'there' };
      const answers = await Promise.all(admins.map((admin) => admin.ask(getProducerConnectionList, header)));
      return answers.filter(({ code }) => code === 0).length;
    };
    const sender = await producer();
    await until('both know of it', async () => (await knowing()) === 2);
    await sender.call('NotifyClientTermination', {});
    await until('both have forgotten it', async () => (await knowing()) === 0);
  });

  it('takes back what waits there', async () => {
    const sender = await producer();
    const later = { seconds: Math.floor(new Date().getTime() / 1000) + 600, nanos: 0 };
    const { recallHandle } = entryOf(
      await sender.send('there', 'later', { messageType: 'DELAY', deliveryTimestamp: later }),
    );
    const recall = { topic: { name: 'there' }, recallHandle };
    expect(await sender.call('RecallMessage', recall)).toMatchObject({ status: { code: 'OK' } });
  });

  it('filters, and gives up what has failed too often', async () => {
    const customizedRetryPolicy = { next: [1_000] };
    await group({
      groupName: 'readers',
      retryMaxTimes: 0,
      groupRetryPolicy: { type: 'CUSTOMIZED', customizedRetryPolicy },
    });
    const [sender, reader] = [await producer(), await consumer()];
    await sender.send('there', 'red', { tag: 'red' });
    await sender.send('there', 'blue', { tag: 'blue' });
    const blue = { filterExpression: { type: 'TAG', expression: 'blue' } };
    const [found] = await received(reader, 1, blue);
    expect(found?.body.toString()).toBe('blue');
    await reader.call('ChangeInvisibleDuration', {
      group: { name: 'readers' },
      topic: { name: 'there' },
      ...found?.systemProperties,
      invisibleDuration: { seconds: 0, nanos: 0 },
    });
    const undertaker = client();
    await undertaker.consumer('undertakers', '%DLQ%readers');
    // it is given up when it is looked at again
    for (const broker of BROKERS)
      void reader.receive('readers', 'there', { ...at(broker), ...blue }).catch(() => undefined);
    expect(texts(await buried(undertaker))).toEqual(['blue']);
  });

  it('renews what a push consumer works on, and gives it back when that is gone', async () => {
    const [sender, reader] = [await producer(), await consumer('readers', 'PUSH_CONSUMER')];
    await sender.send('there', 'one');
    const renewed = { autoRenew: true };
    await received(reader, 1, renewed);
    await reader.call('NotifyClientTermination', { group: { name: 'readers' } });
    const other = await consumer();
    const [again] = await received(other, 1);
    expect(again?.systemProperties.deliveryAttempt).toBe(2);
  });

  it('closes while somebody waits for messages there', async () => {
    const reader = await consumer();
    const waiting = reader.receive('readers', 'there', { longPollingTimeout: { seconds: 15, nanos: 0 } });
    await reader.call('Heartbeat', {});
    const began = performance.now();
    await door.close();
    expect(await waiting).toMatchObject({ messages: [] });
    expect(performance.now() - began).toBeLessThan(5_000);
  });
}
