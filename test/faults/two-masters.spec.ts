import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/remoting';
import { HalfmqClient, type Producer } from '@halfmq/transaction';
import { note, testLog } from '../kit/client-scenarios.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { until } from '../kit/until.js';

const TOPIC = 'TwoMasters';
const BROKERS = ['broker-a', 'broker-b'] as const;
const SENDS = 80;

function brokerProcess(name: string, folder: string, nameServer: string, port: number): HalfmqProcess {
  const settings = { brokerName: name, listenPort: port, brokerIP1: '127.0.0.1', httpPort: 0 };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  return new HalfmqProcess(['broker', '-n', nameServer, '--store', join(folder, name), ...options]);
}

describe('two brokers, one of them killed with SIGKILL', () => {
  let folder: string;
  let nameServer: HalfmqProcess;
  let brokers: Map<string, HalfmqProcess>;
  let client: HalfmqClient;
  let clock: ManualClock;
  let reader: HalfmqClient;
  let producer: Producer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-masters-'));
    const port = await freePort();
    nameServer = new HalfmqProcess(['namesrv', '--port', String(port)]);
    await nameServer.start();
    const address = `127.0.0.1:${port}`;
    brokers = new Map();
    for (const name of BROKERS) brokers.set(name, brokerProcess(name, folder, address, await freePort()));
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
});
