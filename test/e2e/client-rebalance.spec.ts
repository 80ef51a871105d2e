import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { PauseGroup, type HalfmqClient } from '@halfmq/transaction';

const TOPIC = 'handed-over';
const GROUP = 'members';

/** The only queue goes to the member whose name is the first. */
describe('a queue that changes its member', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  let seen: string[];
  beforeEach(async () => {
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    client = await broker.connect({ instanceName: 'second' });
    seen = [];
  });
  afterEach(async () => {
    await broker?.close();
  });

  async function send(...bodies: string[]): Promise<void> {
    const producer = client.producer();
    for (const body of bodies) await producer.send({ topic: TOPIC, body });
  }

  async function join(
    member: HalfmqClient,
    handle: (body: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const name = member === client ? 'second' : 'first';
    const consumer = member.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      handle: async ({ body }) => {
        seen.push(`${name} ${body.toString()}`);
        await handle(body.toString());
      },
    });
    await consumer.start();
    await broker.settle();
  }

  it('comes back and is not read while a handler works on a message of it, and what that finishes counts', async () => {
    await send('a', 'b');
    const ends = new Map<string, () => void>();
    await join(client, (body) => new Promise((resolve) => ends.set(body, resolve)));
    const other = await broker.connect({ instanceName: 'first' });
    await join(other, async () => {
      throw new PauseGroup('1h');
    });
    await other.close();
    await broker.advance('5s');
    ends.get('a')?.();
    await broker.advance('5s');
    ends.get('b')?.();
    await broker.advance('5s');
    await send('c');
    await broker.settle();
    ends.get('c')?.();
    await broker.advance('1m');
    expect(seen.filter((one) => one.startsWith('second'))).toEqual(['second a', 'second b', 'second c']);
  });
});
