import { pollingInfo, pollingInfoResponse, updateAndCreateTopic } from '@halfmq/remoting';
import { PopClient } from './pop-client.js';
import { TimedBroker } from './timed-broker.js';
import type { WireClient } from './wire-client.js';

/** A broker with the topic `orders`, and the group `readers` that pops from it. */
export class PopTrial {
  client: WireClient;
  readers: PopClient;

  private constructor(public broker: TimedBroker) {
    this.client = broker.client();
    this.readers = this.group('readers');
  }

  static async start(properties: Record<string, string> = {}): Promise<PopTrial> {
    const trial = new PopTrial(await TimedBroker.start(properties));
    await trial.topic('orders');
    return trial;
  }

  group(name: string, topic = 'orders', client = this.client): PopClient {
    return new PopClient(client, this.broker.clock, name, topic);
  }

  topic(name: string, queues = 1, more: { perm?: number } = {}): Promise<unknown> {
    const sizes = { readQueueNums: queues, writeQueueNums: queues };
    return this.client.ask(updateAndCreateTopic, { topic: name, perm: 6, ...sizes, ...more });
  }

  /** To `orders`, each with its first letter as its tag. */
  async send(...bodies: string[]): Promise<void> {
    for (const body of bodies) await this.client.send('orders', body, { TAGS: body.slice(0, 1) });
  }

  /** How many pops of any queue are held for `readers`. */
  async polling(): Promise<number> {
    const asked = { consumerGroup: 'readers', topic: 'orders', queueId: -1 };
    const answer = await this.client.ask(pollingInfo, asked);
    return pollingInfoResponse.decode(answer.extFields ?? {}).pollingNum;
  }

  async restart(): Promise<void> {
    await this.broker.restart();
    this.connect();
  }

  /** @param dead as of TimedBroker.killed */
  async kill(dead?: () => void): Promise<void> {
    this.broker = await this.broker.killed(dead);
    this.connect();
  }

  close(): Promise<void> {
    return this.broker.close();
  }

  private connect(): void {
    this.client = this.broker.client();
    this.readers = this.group('readers');
  }
}
