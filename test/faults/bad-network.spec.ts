import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { HalfmqClient, SendFailed, type Producer } from '@halfmq/transaction';
import { BadNetwork, type Weather } from '../kit/bad-network.js';
import { note, testLog } from '../kit/client-scenarios.js';
import { InProcessBroker } from '../kit/in-process.js';
import { NamesrvCaller } from '../kit/namesrv-caller.js';
import { until } from '../kit/until.js';

const TOPIC = 'weather';
const GROUP = 'weather-readers';
const LANES = 8;
const ANSWERS_A_STEP = 30;

const WEATHERS: readonly (readonly [string, Weather])[] = [
  ['late', { delayMs: 25 }],
  ['in pieces that fit no frame', { pieceBytes: 37 }],
  ['a little at a time', { pieceBytes: 2_048, restMs: 2 }],
];

/** Sends without a pause. */
class Load {
  /** by what the broker said they were called */
  readonly answered = new Map<string, string>();
  readonly sent = new Set<string>();
  private running = true;
  private readonly lanes: Promise<void>[];

  constructor(private readonly producer: Producer) {
    this.lanes = Array.from({ length: LANES }, () => this.lane());
  }

  async step(): Promise<void> {
    const goal = this.answered.size + ANSWERS_A_STEP;
    await until('enough is answered', () => this.answered.size >= goal);
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.lanes);
  }

  private async lane(): Promise<void> {
    while (this.running) {
      const body = `${this.sent.size}:${'☃'.repeat(this.sent.size % 300)}`;
      this.sent.add(body);
      try {
        const { messageId } = await this.producer.send({ topic: TOPIC, body });
        this.answered.set(messageId, body);
      } catch (error) {
        if (!(error instanceof SendFailed)) throw error;
      }
    }
  }
}

/** A client, and a broker it only knows by its way through the network. */
describe('a network that delays, dribbles and cuts', () => {
  let namesrv: RunningNamesrv;
  let broker: InProcessBroker;
  let network: BadNetwork;
  let caller: NamesrvCaller;
  let client: HalfmqClient;

  beforeAll(async () => {
    namesrv = await startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1' } });
    broker = await InProcessBroker.start();
    network = await BadNetwork.before(broker.broker.address);
    caller = new NamesrvCaller(namesrv);
    const topics = [TOPIC, `%RETRY%${GROUP}`, 'TBW102'];
    await caller.register('broker-a', { topics, header: { brokerAddr: network.address } });
    client = new HalfmqClient({ nameServers: namesrv.address, log: testLog });
    await client.start();
  });
  afterAll(async () => {
    await client?.close();
    await caller?.client.close();
    await network?.close();
    await broker?.close();
    await namesrv?.close();
  });

  it('costs time alone: every answered message arrives as it was sent, and nothing that was not', async () => {
    const { seen } = await note(client, TOPIC, { group: GROUP });
    const load = new Load(client.producer());
    for (const [, weather] of WEATHERS) {
      network.becomes(weather);
      await load.step();
      network.cut();
      await load.step();
    }
    await load.stop();
    network.becomes({});
    const bodies = (): Map<string, string> =>
      new Map(seen.map((message) => [message.messageId, message.body.toString()]));
    await until('all that was answered has arrived', () => {
      const arrived = bodies();
      return [...load.answered.keys()].every((id) => arrived.has(id));
    });
    const arrived = bodies();
    for (const [id, body] of load.answered) expect(arrived.get(id)).toBe(body);
    expect([...arrived.values()].filter((body) => !load.sent.has(body))).toEqual([]);
  }, 60_000);
});
