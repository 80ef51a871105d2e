import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  decodeGroupOffsets,
  invokeBrokerToGetConsumerStatus,
  invokeBrokerToResetOffset,
  RemotingClient,
  silentLog,
  systemClock,
} from '@halfmq/remoting';
import { backoff, HalfmqClient, type MessageQueue, type ReceivedMessage } from '@halfmq/transaction';
import { note, testLog } from './client-scenarios.js';
import { OrderCheck } from './order-check.js';
import { until } from './until.js';

const MORTAL = fileURLToPath(new URL('../dist/kit/mortal-consumer.js', import.meta.url));
/** longer than what is popped is kept without a sign of life */
const SLOW_MS = 7_000;

export interface ScenarioBroker {
  readonly nameServers: string;
  readonly address: string;
}

/**
 * Every way to consume that our client has, on any RocketMQ: see clientScenarios.
 * @param killed how members that are killed consume: the queues of one that pulls in order are its own until its lock has run out
 */
export function consumingScenarios(
  broker: () => ScenarioBroker,
  brokerName: string,
  killed: readonly ('pull' | 'pop')[] = ['pop'],
): void {
  let client: HalfmqClient;
  let names = 0;
  const fresh = (what: string): string => `consuming-${what}-${++names}`;
  const bodyOf = ({ body }: ReceivedMessage): string => body.toString();
  const send = async (topic: string, ...bodies: string[]): Promise<void> => {
    const producer = client.producer();
    for (const body of bodies) await producer.send({ topic, body, orderingKey: body.split(':')[0] });
  };

  beforeEach(async () => {
    client = new HalfmqClient({ nameServers: broker().nameServers, log: testLog, pullHoldMs: 2_000 });
    await client.start();
  });
  afterEach(() => client.close());

  it('pops: what is slow is renewed and comes once, what failed comes again, the rest is done', async () => {
    const topic = fresh('popped');
    await send(topic, 'makes the topic');
    const begun = Date.now();
    let slowTook = 0;
    const { seen } = await note(client, topic, {
      group: fresh('poppers'),
      by: 'pop',
      invisibleTime: '5s',
      retry: backoff({ first: '1s' }),
      handle: async (message, { signal }) => {
        if (bodyOf(message) === 'fails' && message.reconsumeTimes === 0) throw new Error('once more');
        if (bodyOf(message) !== 'slow') return;
        await until('it was held for longer than agreed', () => Date.now() - begun > SLOW_MS, 30_000);
        expect(signal.aborted).toBe(false);
        slowTook = Date.now() - begun;
      },
    });
    await send(topic, 'slow', 'fails', ...Array.from({ length: 40 }, (_, n) => `quick-${n}`));
    await until('the slow one is done', () => slowTook > 0, 40_000);
    await until('the one that failed came again', () =>
      seen.some(({ reconsumeTimes }) => reconsumeTimes === 1),
    );
    const counts = new Map<string, number>();
    for (const message of seen) counts.set(bodyOf(message), (counts.get(bodyOf(message)) ?? 0) + 1);
    expect(counts.get('slow')).toBe(1);
    expect(counts.get('fails')).toBe(2);
    expect(counts.size).toBe(43);
    expect(seen).toHaveLength(44);
  });

  it('takes messages when it suits: polls, commits, seeks, and goes on where it was', async () => {
    const topic = fresh('lite');
    const group = fresh('takers');
    await send(topic, 'k:1', 'k:2', 'k:3');
    const lite = client.litePull({ group, from: 'first', autoCommit: false });
    await lite.assign(await lite.queues(topic));
    const taken: string[] = [];
    const poll = async (): Promise<void> => void taken.push(...(await lite.poll('2s')).map(bodyOf));
    await until('all three were taken', async () => (await poll(), taken.length >= 3));
    expect(taken).toEqual(['k:1', 'k:2', 'k:3']);
    const committed = async (queue: MessageQueue): Promise<number> => (await lite.committed(queue)) ?? 0;
    await lite.commit();
    const all = await Promise.all(lite.assignment.map(committed));
    expect(all.reduce((sum, offset) => sum + offset, 0)).toBe(3);
    const queue = lite.assignment[all.indexOf(3)]!;
    await lite.seek(queue, 1);
    await until('two came again', async () => (await poll(), taken.length >= 5));
    expect(taken.slice(3)).toEqual(['k:2', 'k:3']);
    await lite.commit();
    await lite.close();
    const again = client.litePull({ group, from: 'first' });
    await again.subscribe({ [topic]: '*' });
    await send(topic, 'k:4');
    for await (const message of again) {
      taken.push(bodyOf(message));
      break;
    }
    expect(taken.slice(5)).toEqual(['k:4']);
  });

  it('handles batches, of which one message failed and comes again alone', async () => {
    const topic = fresh('batches');
    await send(topic, ...Array.from({ length: 20 }, (_, n) => `b:${n}`));
    const batches: string[][] = [];
    const consumer = client.consumer({
      group: fresh('readers'),
      subscriptions: { [topic]: '*' },
      from: 'first',
      batch: 8,
      handle: async (messages, context) => {
        batches.push(messages.map((message) => `${bodyOf(message)}/${message.reconsumeTimes}`));
        const bad = messages.find((message) => bodyOf(message) === 'b:5' && message.reconsumeTimes === 0);
        if (bad) context.fail(bad, new Error('once more'));
      },
    });
    await consumer.start();
    await until('it came again', () => batches.flat().includes('b:5/1'), 30_000);
    await until('all were handled', () => batches.flat().length === 21);
    expect(batches.find((batch) => batch.includes('b:5/1'))).toEqual(['b:5/1']);
    expect(Math.max(...batches.map(({ length }) => length))).toBeGreaterThan(1);
  });

  it.each(killed)(
    'keeps the order of each key over a member that is killed, by %s, and goes on after poison',
    async (by) => {
      const topic = fresh('keys');
      const group = fresh('keepers');
      await send(topic, 'a:1', 'b:1', 'a:2', 'b:2', 'a:3', 'b:3', 'a:4', 'b:4');
      const check = new OrderCheck();
      const handling = (body: string, member: string) => {
        const [key = '', number = ''] = body.split(':');
        return check.begins({ key, number: Number(number), member });
      };
      const ends = new Map<string, (succeeded: boolean) => void>();
      const mortal = spawn(process.execPath, [MORTAL, broker().nameServers, topic, group, by], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      createInterface({ input: mortal.stdout }).on('line', (line) => {
        const [what, body = ''] = line.split(' ');
        if (what === 'begins') ends.set(body, handling(body, 'mortal'));
        else ends.get(body)?.(true);
      });
      const gone = once(mortal, 'exit');
      try {
        await until('it hangs at both keys', () => ends.has('a:3') && ends.has('b:3'), 30_000);
      } finally {
        mortal.kill('SIGKILL');
        await gone;
      }
      check.died('mortal');
      await note(client, topic, {
        group,
        order: 'key',
        ...(by === 'pop' && { by, invisibleTime: '5s' }),
        maxReconsumeTimes: 1,
        onPoison: 'deadLetter',
        retry: backoff({ first: '1s' }),
        handle: async (message) => {
          const end = handling(bodyOf(message), 'heir');
          const bad = bodyOf(message) === 'a:4';
          // poison is done with when it was tried as often as it may
          end(!bad || message.reconsumeTimes > 0);
          if (bad) throw new Error('never');
        },
      });
      await until(
        'the heir has handled all',
        () => check.doneOf('a') === 4 && check.doneOf('b') === 4,
        60_000,
      );
      await send(topic, 'a:5');
      await until('what came behind poison is done', () => check.doneOf('a') === 5, 30_000);
      const poison: string[] = [];
      await note(client, `%DLQ%${group}`, {
        group: fresh('grave'),
        handle: async (message) => void poison.push(bodyOf(message)),
      });
      await until('poison is a dead letter', () => poison.length > 0, 30_000);
      expect(check.complaints).toEqual([]);
      expect(poison).toEqual(['a:4']);
    },
  );

  it('goes on where an operator has set its group, and says how far it is', async () => {
    const topic = fresh('reset');
    const group = fresh('moved');
    await send(topic, 'k:1', 'k:2', 'k:3');
    const { seen } = await note(client, topic, { group });
    const wire = new RemotingClient({ clock: systemClock, log: silentLog });
    const { address } = broker();
    const how = { timeoutMs: 10_000 };
    try {
      await until('all were handled', () => seen.length === 3);
      const reset = { topic, group, timestamp: 0, isForce: true };
      expect((await wire.request(address, invokeBrokerToResetOffset, reset, undefined, how)).code).toBe(0);
      await until('all came again', () => seen.length === 6, 30_000);
      const status = async (): Promise<readonly (readonly [MessageQueue, number])[] | undefined> => {
        const asked = { topic, group, clientAddr: client.clientId };
        const answer = await wire.request(address, invokeBrokerToGetConsumerStatus, asked, undefined, how);
        expect(answer.code).toBe(0);
        return decodeGroupOffsets(answer.body).get(client.clientId);
      };
      await until('it says so', async () => {
        return (await status())?.some(([queue, offset]) => queue.brokerName === brokerName && offset === 3);
      });
    } finally {
      await wire.close();
    }
  });
}
