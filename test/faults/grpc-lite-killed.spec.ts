import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { GrpcClient } from '../kit/grpc-client.js';
import { texts } from '../kit/grpc-trial.js';
import { LiteClient, say } from '../kit/lite-trial.js';
import { freePort } from '../kit/ports.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

jest.setTimeout(120_000);

const NAMES = Array.from({ length: 8 }, (_, nth) => `user-${nth}`);
const KILLS = 3;
/** the shortest there is */
const INVISIBLE = { invisibleDuration: { seconds: 10, nanos: 0 } };

describe('lite topics of a broker that is killed while they are written and read', () => {
  let cluster: Cluster;
  let port: number;
  const closing: (() => unknown)[] = [];
  beforeEach(async () => {
    port = await freePort();
    cluster = await Cluster.start({ grpcServerPort: String(port) });
    const admin = new WireClient(cluster.brokerAddress);
    const queues = { readQueueNums: 1, writeQueueNums: 1, perm: 6 };
    await admin.ask(updateAndCreateTopic, {
      topic: 'chats',
      ...queues,
      attributes: '+message.type=LITE',
    });
    await admin.close();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) close();
    await cluster.stop();
  });

  function client(): GrpcClient {
    const made = new GrpcClient(port);
    closing.push(() => made.close());
    return made;
  }

  it('lose nothing that was answered, and keep their order', async () => {
    const answered: string[] = [];
    const seen: string[] = [];
    const load = { over: false };
    const sending = NAMES.map(async (name) => {
      const producer = client();
      for (let nth = 0; !load.over; nth++) {
        const sent = await say(producer, name, `${name} ${nth}`).catch(() => undefined);
        if (sent?.status.code === 'OK') answered.push(`${name} ${nth}`);
      }
    });
    const reading = (async () => {
      while (!load.over || answered.some((body) => !seen.includes(body))) await readOnce(seen);
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      const before = [answered.length, seen.length];
      await until(
        'more was sent and read',
        () => answered.length > before[0]! + 200 && seen.length > before[1]! + 50,
      );
      await cluster.broker.restart();
    }
    load.over = true;
    await Promise.all([...sending, reading]);
    const missing = answered.filter((body) => !seen.includes(body));
    expect(missing).toEqual([]);
    for (const name of NAMES) {
      const first = [...new Set(seen.filter((body) => body.startsWith(`${name} `)))];
      const numbers = first.map((body) => Number(body.split(' ')[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  /** With a client of its own, for as long as the broker lives. */
  async function readOnce(seen: string[]): Promise<void> {
    const reader = new LiteClient(client());
    try {
      await reader.grpc.consumer('readers', 'chats', 'LITE_SIMPLE_CONSUMER');
      await reader.sync('COMPLETE_ADD', NAMES);
      for (;;) {
        const messages = await reader.receive(INVISIBLE);
        if (messages.length === 0) break;
        seen.push(...texts(messages));
        await reader.ack(...messages);
      }
    } catch {
      // it was killed: another one goes on
    } finally {
      reader.grpc.close();
    }
  }
});
