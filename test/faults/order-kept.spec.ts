import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBroker, type RunningBroker } from '@halfmq/broker';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import type { Clock } from '@halfmq/remoting';
import { HalfmqClient, type Producer, type ReceivedMessage } from '@halfmq/transaction';
import { testLog } from '../kit/client-scenarios.js';
import { OrderCheck } from '../kit/order-check.js';
import { freePort } from '../kit/ports.js';
import { SharedClock } from '../kit/shared-clock.js';
import { until } from '../kit/until.js';
import { Random } from '../power/random.js';

const TOPIC = 'in-order';
const GROUP = 'in-order-readers';
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const SEED = 7;
const STEPS = 8;
const MOST_MEMBERS = 4;
const HANDLING_MS = 2_000;
const HOUR_MS = 3_600_000;

/** A consumer of the group. Once it is dead it handles nothing any more, as a killed process would not. */
class Member {
  private isDead = false;
  private static count = 0;
  readonly name = `member-${++Member.count}`;

  private constructor(
    private readonly client: HalfmqClient,
    private readonly check: OrderCheck,
    private readonly clock: Clock,
  ) {}

  static async join(
    client: HalfmqClient,
    check: OrderCheck,
    clock: Clock,
    order: 'key' | 'queue',
  ): Promise<Member> {
    const member = new Member(client, check, clock);
    await client.start();
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      order,
      handle: (message) => member.handle(message),
    });
    await consumer.start();
    return member;
  }

  leave(): Promise<void> {
    return this.client.close();
  }

  /** As the kill of its process: its sockets are gone, and nothing was said before. */
  async die(): Promise<void> {
    this.isDead = true;
    this.check.died(this.name);
    await (this.client as unknown as { remoting: { close(): Promise<void> } }).remoting.close();
  }

  private async handle(message: ReceivedMessage): Promise<void> {
    const { key, number } = JSON.parse(message.body.toString()) as { key: string; number: number };
    if (this.isDead) return new Promise(() => undefined);
    const ends = this.check.begins({ key, number, member: this.name });
    await new Promise<void>((resolve) => void this.clock.after(HANDLING_MS, resolve));
    if (!this.isDead) ends(true);
  }
}

describe('consumers in order, whatever comes and goes', () => {
  let folder: string;
  let port: number;
  let clock: SharedClock;
  let namesrv: RunningNamesrv;
  let broker: RunningBroker;
  let producer: Producer;
  const clients: HalfmqClient[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-order-'));
    port = await freePort();
    clock = new SharedClock();
    namesrv = await startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1' }, clock });
    await start();
    const client = newClient();
    await client.start();
    producer = client.producer({ sendTimeoutMs: HOUR_MS });
  });
  afterEach(async () => {
    await whilePassing(Promise.all(clients.splice(0).map((client) => client.close())));
    await broker?.close();
    await namesrv?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const properties = {
      brokerName: 'broker-a',
      brokerIP1: '127.0.0.1',
      bindAddress: '127.0.0.1',
      listenPort: String(port),
      httpPort: '0',
      namesrvAddr: namesrv.address,
      storePathRootDir: folder,
    };
    broker = await startBroker({ properties, clock });
  }

  async function whilePassing(ending: Promise<unknown>): Promise<void> {
    const ended = new AbortController();
    void ending.catch(() => undefined).finally(() => ended.abort());
    while (!ended.signal.aborted) await clock.advance(500);
    await ending;
  }

  /** A moment of the machine's time may be seconds of this clock: no request is given up for that. */
  function newClient(): HalfmqClient {
    const waits = { requestTimeoutMs: HOUR_MS, pullHoldMs: HOUR_MS };
    const client = new HalfmqClient({ nameServers: namesrv.address, clock, log: testLog, ...waits });
    clients.push(client);
    return client;
  }

  const inOrder = async (order: 'key' | 'queue'): Promise<void> => {
    const random = new Random(SEED);
    const check = new OrderCheck();
    const sent = new Map<string, number>();
    const members = [await Member.join(newClient(), check, clock, order)];
    const send = async (): Promise<void> => {
      for (const key of KEYS) {
        const number = (sent.get(key) ?? 0) + 1;
        sent.set(key, number);
        await producer.send({ topic: TOPIC, orderingKey: key, body: JSON.stringify({ key, number }) });
      }
    };
    for (let step = 0; step < STEPS; step++) {
      await send();
      const what = random.next();
      const [one] = random.shuffled(members);
      if (what < 0.35 && members.length < MOST_MEMBERS)
        members.push(await Member.join(newClient(), check, clock, order));
      else if (what < 0.75 && one && members.length > 1) {
        members.splice(members.indexOf(one), 1);
        await whilePassing(what < 0.55 ? one.leave() : one.die());
      } else if (what > 0.8) {
        await whilePassing(broker.close());
        await start();
      }
      await send();
      await clock.advance(random.below(30_000));
    }
    await until('all is done', async () => {
      await clock.advance(5_000);
      return [...sent].every(([key, number]) => check.doneOf(key) === number) || check.complaints.length > 0;
    });
    expect(check.complaints).toEqual([]);
  };

  it.each(['queue', 'key'] as const)(
    'with order %s no key is ever out of order, none is handled twice at once, and all is done',
    (order) => inOrder(order),
    60_000,
  );
});
