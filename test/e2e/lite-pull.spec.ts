import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteTopicInBroker, RemotingClient, silentLog, systemClock } from '@halfmq/remoting';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import {
  ClientClosed,
  InvalidOption,
  sql,
  type HalfmqClient,
  type LitePull,
  type LitePullOptions,
  type ReceivedMessage,
} from '@halfmq/transaction';

const TOPIC = 'lite';
const GROUP = 'lite-readers';

describe('lite pull', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  beforeEach(async () => {
    const settings = { defaultTopicQueueNums: '2', enablePropertyFilter: 'true' };
    broker = await createTestBroker({ settings, hostile: false });
    client = await broker.connect({ instanceName: 'second' });
  });
  afterEach(() => broker?.close());

  /** Each in the queue of its first letter: x is in one, y in the other. */
  async function send(...bodies: string[]): Promise<void> {
    const producer = client.producer();
    for (const body of bodies)
      await producer.send({ topic: TOPIC, body, orderingKey: body.slice(0, 1), tag: body.slice(1, 2) });
  }

  const bodies = (messages: readonly ReceivedMessage[]): string[] =>
    messages.map(({ body }) => body.toString());

  async function assigned(more: Partial<LitePullOptions> = {}, by = client): Promise<LitePull> {
    const lite = by.litePull({ group: GROUP, from: 'first', ...more });
    await lite.assign(await lite.queues(TOPIC));
    await broker.settle();
    return lite;
  }

  /** In the end all of them, whatever the queue. */
  async function pollAll(lite: LitePull): Promise<string[]> {
    const all: string[] = [];
    for (let got = await lite.poll(0); got.length > 0; got = await lite.poll(0)) {
      all.push(...bodies(got));
      await broker.settle();
    }
    return all;
  }

  it('reads the queues it was assigned, and waits for what comes later', async () => {
    await send('x1', 'y1', 'x2');
    const lite = await assigned();
    expect((await pollAll(lite)).toSorted()).toEqual(['x1', 'x2', 'y1']);
    const waiting = lite.poll('1m');
    await send('y2');
    expect(bodies(await waiting)).toEqual(['y2']);
    const inVain = lite.poll('1m');
    await broker.advance('1m');
    expect(await inVain).toEqual([]);
  });

  it('gives no more at once than it was told', async () => {
    await send('x1', 'x2', 'x3');
    const lite = await assigned({ batch: 2 });
    expect([bodies(await lite.poll()), bodies(await lite.poll())]).toEqual([['x1', 'x2'], ['x3']]);
  });

  it('is a loop, and what the loop has gone past is done', async () => {
    await send('x1', 'x2', 'x3');
    const lite = await assigned();
    const seen: string[] = [];
    for await (const { body } of lite) {
      seen.push(body.toString());
      if (seen.length === 3) break;
    }
    await lite.close();
    const again = await assigned();
    expect([seen, await pollAll(again)]).toEqual([['x1', 'x2', 'x3'], ['x3']]);
  });

  it('ends its loop when it is closed', async () => {
    await send('x1');
    const lite = await assigned();
    const seen: string[] = [];
    const loop = (async () => {
      for await (const { body } of lite) seen.push(body.toString());
    })();
    await broker.settle();
    await lite.close();
    await loop;
    expect([seen, lite.isClosed]).toEqual([['x1'], true]);
    await expect(lite.poll()).rejects.toBeInstanceOf(ClientClosed);
  });

  it('commits every five seconds what is done', async () => {
    await send('x1', 'x2');
    const lite = await assigned({ batch: 1 });
    const [first] = await lite.poll();
    expect(bodies(await lite.poll())).toEqual(['x2']);
    await broker.advance('10s');
    const queue = lite.assignment.find(({ queueId }) => queueId === first?.queueId);
    expect(await lite.committed(queue!)).toBe(1);
  });

  it('without autoCommit commits when it is told, and nothing else', async () => {
    await send('x1', 'x2');
    const lite = await assigned({ autoCommit: false, batch: 1 });
    await lite.poll();
    await lite.commit();
    await lite.poll();
    await broker.advance('1m');
    await lite.close();
    const again = await assigned();
    expect(await pollAll(again)).toEqual(['x2']);
  });

  it('goes on from wherever it is told', async () => {
    await send('x1', 'x2');
    await broker.advance('1h');
    const at = new Date(broker.clock.now());
    await send('x3');
    const lite = await assigned();
    const [first] = await lite.poll();
    const queue = lite.assignment.find(({ queueId }) => queueId === first?.queueId)!;
    const from = async (target: number | 'first' | 'last' | Date): Promise<string[]> => {
      await lite.seek(queue, target);
      await broker.settle();
      return pollAll(lite);
    };
    expect(await from(1)).toEqual(['x2', 'x3']);
    expect(await from('first')).toEqual(['x1', 'x2', 'x3']);
    expect(await from('last')).toEqual([]);
    expect(await from(at)).toEqual(['x3']);
    expect(await lite.offsetForTimestamp(queue, at)).toBe(2);
    await expect(lite.seek(queue, 4)).rejects.toThrow('0 to 3');
    await lite.assign(lite.assignment.filter((one) => one !== queue && one.queueId !== queue.queueId));
    await expect(lite.seek(queue, 0)).rejects.toThrow('not read here');
  });

  it('hands over nothing of a queue that is paused', async () => {
    await send('x1', 'y1');
    const lite = await assigned();
    const all = await lite.poll();
    const queue = lite.assignment.find(({ queueId }) => queueId === all[0]?.queueId)!;
    lite.pause([queue]);
    await send('x2', 'y2');
    await broker.settle();
    expect(await pollAll(lite)).toHaveLength(1);
    lite.resume([queue]);
    expect(await pollAll(lite)).toHaveLength(1);
  });

  it('shares the queues of what it subscribed to with the other members, and gives them on where it stopped', async () => {
    await send('x1', 'y1');
    const lite = client.litePull({ group: GROUP, from: 'first' });
    await lite.subscribe({ [TOPIC]: '*' });
    await broker.settle();
    expect(await pollAll(lite)).toHaveLength(2);
    const other = await broker.connect({ instanceName: 'first' });
    const second = other.litePull({ group: GROUP, from: 'first' });
    await second.subscribe({ [TOPIC]: '*' });
    await broker.settle();
    expect([lite.assignment.length, second.assignment.length]).toEqual([1, 1]);
    await send('x2', 'y2');
    await broker.settle();
    const got = [...(await pollAll(lite)), ...(await pollAll(second))];
    expect(got.toSorted()).toEqual(['x2', 'y2']);
    await lite.close();
    await broker.settle();
    expect(second.assignment).toHaveLength(2);
  });

  it.each([['1 || 3'], [sql("TAGS = '1' OR TAGS = '3'")]])('gets what it selects: %j', async (wanted) => {
    await send('x1', 'x2', 'x3');
    const lite = client.litePull({ group: GROUP, from: 'first' });
    await lite.subscribe({ [TOPIC]: wanted });
    await broker.settle();
    expect(await pollAll(lite)).toEqual(['x1', 'x3']);
  });

  it('reads on what it was assigned when the topic is deleted and made anew', async () => {
    await send('x1', 'y1');
    const lite = await assigned();
    expect(await pollAll(lite)).toHaveLength(2);
    const wire = new RemotingClient({ clock: systemClock, log: silentLog });
    const how = { timeoutMs: 5_000 };
    await wire.request(broker.address, deleteTopicInBroker, { topic: TOPIC }, undefined, how);
    await wire.close();
    await broker.advance('3s');
    await send('x2', 'y2');
    await broker.advance('30s');
    expect((await pollAll(lite)).toSorted()).toEqual(['x2', 'y2']);
  });

  it('reads nothing any more when it was closed while it was assigned queues', async () => {
    await send('x1');
    const lite = client.litePull({ group: GROUP, from: 'first' });
    const assigning = lite.assign(await lite.queues(TOPIC));
    await lite.close();
    await assigning;
    expect(lite.assignment).toEqual([]);
  });

  it('can be subscribed after a subscription that was none', async () => {
    await send('x1');
    const lite = client.litePull({ group: GROUP, from: 'first' });
    await expect(lite.subscribe({})).rejects.toBeInstanceOf(InvalidOption);
    await lite.subscribe({ [TOPIC]: '*' });
    await broker.settle();
    expect(await pollAll(lite)).toEqual(['x1']);
  });

  it('is told what it cannot do', async () => {
    await send('x1');
    const lite = client.litePull({ group: GROUP });
    await expect(lite.poll()).rejects.toThrow('subscribe, or assign');
    await lite.assign(await lite.queues(TOPIC));
    await expect(lite.subscribe({ [TOPIC]: '*' })).rejects.toThrow('not both');
    expect(await lite.queues('nowhere')).toEqual([]);
    expect(() => client.litePull({ group: GROUP })).toThrow('two consumers of group');
    expect(() => client.litePull({ group: 'a b' })).toThrow(InvalidOption);
    expect(() => client.litePull({ group: 'other', batch: 0 })).toThrow(InvalidOption);
  });
});
