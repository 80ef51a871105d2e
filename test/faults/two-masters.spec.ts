import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock, putKvConfig, updateAndCreateTopic } from '@halfmq/remoting';
import { HalfmqClient, SendFailed, type Producer } from '@halfmq/transaction';
import { note, testLog } from '../kit/client-scenarios.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

const TOPIC = 'TwoMasters';
const BROKERS = ['broker-a', 'broker-b'] as const;
const SENDS = 80;
const KEYS = Array.from({ length: 12 }, (_, nth) => `order-${nth}`);

function brokerProcess(name: string, folder: string, nameServer: string, port: number): HalfmqProcess {
  const settings = { brokerName: name, listenPort: port, brokerIP1: '127.0.0.1', httpPort: 0 };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  return new HalfmqProcess(['broker', '-n', nameServer, '--store', join(folder, name), ...options]);
}

describe('two brokers, one of them killed with SIGKILL', () => {
  let folder: string;
  let nameServer: HalfmqProcess;
  let address: string;
  let brokers: Map<string, HalfmqProcess>;
  const ports = new Map<string, number>();
  let client: HalfmqClient;
  let clock: ManualClock;
  let reader: HalfmqClient;
  let producer: Producer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-masters-'));
    const port = await freePort();
    nameServer = new HalfmqProcess(['namesrv', '--port', String(port), '-o', 'orderMessageEnable=true']);
    await nameServer.start();
    address = `127.0.0.1:${port}`;
    brokers = new Map();
    for (const name of BROKERS) {
      const own = await freePort();
      ports.set(name, own);
      brokers.set(name, brokerProcess(name, folder, address, own));
    }
    await Promise.all([...brokers.values()].map((broker) => broker.start()));
    client = new HalfmqClient({ nameServers: address, log: testLog });
    clock = new ManualClock();
    // looks for brokers that have come every half minute, and needs not wait for that
    reader = new HalfmqClient({ nameServers: address, log: testLog, clock });
    await Promise.all([client.start(), reader.start()]);
    producer = client.producer();
  });
  afterAll(async () => {
    await Promise.all([client?.close(), reader?.close()]);
    for (const broker of brokers.values()) await broker.stop();
    await nameServer?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns ids of what was sent, by the broker it went to */
  async function send(count: number): Promise<Map<string, string[]>> {
    const sent = new Map<string, string[]>(BROKERS.map((name) => [name, []]));
    for (let left = count; left > 0; left--) {
      const { brokerName, messageId } = await producer.send({ topic: TOPIC, body: `message ${left}` });
      sent.get(brokerName)?.push(messageId);
    }
    return sent;
  }

  it('sends go on to the other, and what the dead one held is delivered when it is back, none lost', async () => {
    let before = new Map<string, string[]>();
    await until('the topic is on both', async () => {
      before = await send(8);
      return BROKERS.every((name) => (before.get(name)?.length ?? 0) > 0);
    });
    const more = await send(SENDS);
    const held = [...(before.get('broker-a') ?? []), ...(more.get('broker-a') ?? [])];
    expect(held.length).toBeGreaterThan(SENDS / 4);

    await brokers.get('broker-a')?.kill();
    const meanwhile = await send(SENDS);
    expect(meanwhile.get('broker-b')).toHaveLength(SENDS);

    const { seen } = await note(reader, TOPIC, { group: 'survivors' });
    const got = (): Set<string> => new Set(seen.map(({ messageId }) => messageId));
    const all = (ids: readonly string[] = []): boolean => ids.every((id) => got().has(id));
    const come = (what: string, condition: () => boolean): Promise<boolean> =>
      until(what, async () => {
        await clock.advance(1_000);
        return condition();
      });
    await come('the living one is read', () => all(meanwhile.get('broker-b')) && all(more.get('broker-b')));
    expect(held.some((id) => got().has(id))).toBe(false);

    await brokers.get('broker-a')?.start();
    await come('what the dead one held has come', () => all(held));
  }, 60_000);

  /** A topic of two queues on each broker. */
  async function makeTopic(topic: string): Promise<void> {
    for (const port of ports.values()) {
      const wire = new WireClient(`127.0.0.1:${port}`);
      const header = { topic, readQueueNums: 2, writeQueueNums: 2, perm: 6, order: true };
      expect((await wire.ask(updateAndCreateTopic, header)).code).toBe(0);
      await wire.close();
    }
  }

  /** Keys, and the queue each has while both brokers are there. */
  async function placesOf(topic: string): Promise<Map<string, string>> {
    const places = new Map<string, string>();
    await until('the topic is known on both', async () => {
      for (const key of KEYS) places.set(key, await place(topic, key));
      return BROKERS.every((name) => [...places.values()].some((queue) => queue.startsWith(name)));
    });
    return places;
  }

  async function place(topic: string, orderingKey: string): Promise<string> {
    const { brokerName, queueId } = await producer.send({ topic, body: orderingKey, orderingKey });
    return `${brokerName} ${queueId}`;
  }

  it('keys of a strict order wait for their broker, those of a normal order are mapped anew', async () => {
    const naming = new WireClient(address);
    const order = { namespace: 'ORDER_TOPIC_CONFIG', key: 'Strict', value: 'broker-a:2;broker-b:2' };
    expect((await naming.ask(putKvConfig, order)).code).toBe(0);
    await naming.close();
    for (const topic of ['Strict', 'Normal']) await makeTopic(topic);
    const strict = await placesOf('Strict');
    const normal = await placesOf('Normal');
    const ofDead = (places: Map<string, string>): string[] =>
      KEYS.filter((key) => places.get(key)?.startsWith('broker-b'));

    await brokers.get('broker-b')?.kill();
    await until('keys of the dead one are mapped anew', async () => {
      const found = await Promise.all(ofDead(normal).map((key) => place('Normal', key).catch(() => '')));
      return found.every((queue) => queue.startsWith('broker-a'));
    });
    const [waiting = ''] = ofDead(strict);
    const refused = await place('Strict', waiting).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SendFailed);
    for (const key of KEYS.filter((each) => !ofDead(strict).includes(each)))
      expect([key, await place('Strict', key)]).toEqual([key, strict.get(key)]);

    await brokers.get('broker-b')?.start();
    for (const [topic, places] of [
      ['Strict', strict],
      ['Normal', normal],
    ] as const)
      await until(`every key of ${topic} has its queue again`, async () => {
        const found = await Promise.all(KEYS.map((key) => place(topic, key).catch(() => '')));
        return found.every((queue, nth) => queue === places.get(KEYS[nth] ?? ''));
      });
  }, 60_000);
});
