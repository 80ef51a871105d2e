import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBroker, type RunningBroker } from '@halfmq/broker';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { HalfmqClient, type PushConsumer } from '@halfmq/transaction';
import { testLog } from '../kit/client-scenarios.js';
import { freePort } from '../kit/ports.js';
import { SharedClock } from '../kit/shared-clock.js';
import { until } from '../kit/until.js';

const TOPIC = 'long';
const BROKERS = ['broker-a', 'broker-b'] as const;
const TEN_MINUTES_MS = 600_000;
const STEP_MS = 20_000;
describe('a handler that takes ten minutes', () => {
  let folder: string;
  let clock: SharedClock;
  let namesrv: RunningNamesrv;
  let client: HalfmqClient;
  const brokers = new Map<string, RunningBroker>();
  const ports = new Map<string, number>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-long-'));
    clock = new SharedClock();
    namesrv = await startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1' }, clock });
    for (const name of BROKERS) {
      ports.set(name, await freePort());
      await start(name);
    }
    // a moment of the machine's time may be seconds of this clock: no request is given up for that
    client = new HalfmqClient({
      nameServers: namesrv.address,
      clock,
      log: testLog,
      requestTimeoutMs: TEN_MINUTES_MS,
      pullHoldMs: TEN_MINUTES_MS,
    });
    await client.start();
  });
  afterEach(async () => {
    await whilePassing(client.close());
    for (const broker of brokers.values()) await broker.close();
    await namesrv?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(name: string): Promise<void> {
    const properties = {
      brokerName: name,
      brokerIP1: '127.0.0.1',
      bindAddress: '127.0.0.1',
      listenPort: String(ports.get(name)),
      httpPort: '0',
      namesrvAddr: namesrv.address,
      storePathRootDir: join(folder, name),
    };
    brokers.set(name, await startBroker({ properties, clock }));
  }

  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) await clock.advance(STEP_MS);
  }

  /** What waits for handlers waits for time. */
  async function whilePassing(ending: Promise<unknown>): Promise<void> {
    const ended = new AbortController();
    void ending.catch(() => undefined).finally(() => ended.abort());
    while (!ended.signal.aborted) await clock.advance(STEP_MS);
    await ending;
  }

  it('ends, and its message is done, although every broker is restarted meanwhile', async () => {
    const producer = client.producer({ sendTimeoutMs: TEN_MINUTES_MS });
    const sent = new Map<string, string>();
    await until('a message lies on each broker', async () => {
      const { messageId, brokerName } = await producer.send({ topic: TOPIC, body: 'x' });
      sent.set(messageId, brokerName);
      return new Set(sent.values()).size === BROKERS.length;
    });
    const begun: string[] = [];
    const done = new Set<string>();
    const consume = async (): Promise<PushConsumer> => {
      const consumer = client.consumer({
        group: 'patient',
        subscriptions: { [TOPIC]: '*' },
        from: 'first',
        handle: async ({ messageId }) => {
          begun.push(messageId);
          await new Promise<void>((resolve) => void clock.after(TEN_MINUTES_MS, resolve));
          done.add(messageId);
        },
      });
      await consumer.start();
      return consumer;
    };
    const consumer = await consume();
    await until('all are being handled', async () => {
      await pass(STEP_MS);
      return begun.length >= sent.size;
    });
    for (const name of BROKERS) {
      await pass(TEN_MINUTES_MS / 3);
      await brokers.get(name)?.close();
      await pass(STEP_MS);
      await start(name);
    }
    await pass(TEN_MINUTES_MS);
    expect(done).toEqual(new Set(sent.keys()));
    // a queue whose broker was gone begins again where it was confirmed: that is at least once
    expect(begun.length).toBeLessThanOrEqual(BROKERS.length * sent.size);
    await whilePassing(consumer.close());

    const all = begun.length;
    await consume();
    await pass(3 * STEP_MS);
    expect(begun).toHaveLength(all);
  }, 60_000);
});
