import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getRouteinfoByTopic, RemotingClient, silentLog, systemClock } from '@halfmq/remoting';
import { HalfmqClient, type Producer } from '@halfmq/transaction';
import { testLog } from '../kit/client-scenarios.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';

const SERVERS = 3;
const SENDS_A_STEP = 12;
/** Each of them needs a route that nobody has asked for yet. */
const TOPICS_A_STEP = 2;

interface NameServer {
  readonly address: string;
  readonly process: HalfmqProcess;
}

async function nameServer(): Promise<NameServer> {
  const port = await freePort();
  return { address: `127.0.0.1:${port}`, process: new HalfmqProcess(['namesrv', '--port', String(port)]) };
}

/** Sends without a pause, always to new topics among others, and remembers what did not succeed. */
class Load {
  readonly topics = new Set<string>();
  readonly failures: unknown[] = [];
  sent = 0;
  private running = true;
  private readonly ended: Promise<void>;

  constructor(private readonly producer: Producer) {
    this.ended = this.run();
  }

  async step(): Promise<void> {
    const goal = this.sent + SENDS_A_STEP;
    await until('enough is sent', () => this.sent >= goal || this.failures.length > 0);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.ended;
  }

  private async run(): Promise<void> {
    while (this.running && this.failures.length === 0) {
      const topic = `load-${Math.floor((this.sent * TOPICS_A_STEP) / SENDS_A_STEP)}`;
      try {
        await this.producer.send({ topic, body: 'x' });
        this.topics.add(topic);
      } catch (error) {
        this.failures.push(error);
      }
      this.sent++;
    }
  }
}

describe('three name servers, killed with SIGKILL in turn under load', () => {
  let servers: NameServer[];
  let broker: TimedBroker;
  let client: HalfmqClient;
  let asker: RemotingClient;

  beforeAll(async () => {
    servers = [];
    for (let left = SERVERS; left > 0; left--) servers.push(await nameServer());
    await Promise.all(servers.map(({ process }) => process.start()));
    const addresses = servers.map(({ address }) => address);
    broker = await TimedBroker.start({
      namesrvAddr: addresses.join(';'),
      listenPort: String(await freePort()),
    });
    client = new HalfmqClient({ nameServers: addresses, log: testLog });
    asker = new RemotingClient({ clock: systemClock, log: silentLog });
    await client.start();
  });
  afterAll(async () => {
    await asker?.close();
    await client?.close();
    await broker?.close();
    await Promise.all(servers.map(({ process }) => process.stop()));
  });

  async function knows(address: string, topic: string): Promise<boolean> {
    const answer = await asker.request(address, getRouteinfoByTopic, { topic }, undefined, {
      timeoutMs: 5_000,
    });
    return answer.code === 0;
  }

  it('no send fails, and a fresh, empty one has all routes within 30 s', async () => {
    const load = new Load(client.producer());
    try {
      for (const { address, process } of servers) {
        await load.step();
        await process.kill();
        await load.step();
        await process.start();
        const before = [...load.topics];
        await broker.clock.advance(30_000);
        for (const topic of before) await until(`it knows ${topic}`, () => knows(address, topic));
      }
      await load.step();
    } finally {
      await load.stop();
    }
    expect(load.failures).toEqual([]);
    expect(load.topics.size).toBeGreaterThan(2 * SERVERS * TOPICS_A_STEP);
  }, 60_000);
});
