import { expect } from '@jest/globals';
import { startProxy, type RunningProxy } from '@halfmq/proxy';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { InProcessCluster } from './in-process-cluster.js';
import { freePort } from './ports.js';
import { RestClient } from './rest.js';
import { until } from './until.js';
import { WireClient } from './wire-client.js';

export interface Sent {
  readonly messageId: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly offset: number;
  readonly recallHandle: string;
}

export interface Received {
  readonly receipt: string;
  readonly attempt: number;
  readonly body: string;
  readonly messageId: string;
}

export const BROKERS: readonly string[] = ['beyond', 'further'];

/** A proxy in front of two brokers, as its HTTP clients see it; the topic `there` has a queue at each. */
export class RestProxy {
  readonly admins: WireClient[] = [];
  /** the brokers' own HTTP doors */
  readonly brokers: RestClient[] = [];
  readonly rest = new RestClient(() => this.proxy?.httpPort);
  private proxy: RunningProxy | undefined;

  private constructor(readonly cluster: InProcessCluster) {}

  /** @param settings of the brokers */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RestProxy> {
    const trial = new RestProxy(await InProcessCluster.start());
    for (const name of BROKERS) {
      const httpPort = String(await freePort());
      const broker = await trial.cluster.startBroker(name, { httpPort, ...settings });
      trial.admins.push(new WireClient(broker.address));
      trial.brokers.push(new RestClient(() => broker.httpPort));
    }
    await trial.open();
    await trial.topic('there');
    return trial;
  }

  get port(): number | undefined {
    return this.proxy?.httpPort;
  }

  /** Another proxy instead of the one there was. */
  async open(): Promise<void> {
    await this.stop();
    const httpPort = String(await freePort());
    const ports = { grpcServerPort: '0', bindAddress: '127.0.0.1', httpPort };
    this.proxy = await startProxy({
      properties: { namesrvAddr: this.cluster.nameServers, ...ports },
      env: {},
    });
  }

  async stop(): Promise<void> {
    await this.proxy?.close();
  }

  async close(): Promise<void> {
    for (const admin of this.admins) await admin.close();
    await this.stop();
    await this.cluster.close();
  }

  /** One queue at each, and the proxy knows of both. */
  async topic(name: string): Promise<void> {
    const header = { topic: name, readQueueNums: 1, writeQueueNums: 1, perm: 6 };
    for (const admin of this.admins) await admin.ask(updateAndCreateTopic, header);
    await until('the proxy sends to both', async () => {
      const one = await this.send(name, { body: 'a' });
      const other = await this.send(name, { body: 'b' });
      return one.brokerName !== other.brokerName;
    });
    while ((await this.taken({ topic: name })).length > 0);
  }

  async send(topic: string, message: object): Promise<Sent> {
    const { status, ...sent } = await this.rest.post<Sent>(`topics/${topic}/messages`, message);
    expect({ status, ...sent }).toMatchObject({ status: 201 });
    return sent;
  }

  async receive(more: object = {}): Promise<Received[]> {
    const asked = { topic: 'there', ...more };
    const answer = await this.rest.post<{ items: Received[] }>('groups/readers/receive', asked);
    expect(answer).toMatchObject({ status: 200 });
    return answer.items;
  }

  ack(...receipts: (string | undefined)[]): Promise<object> {
    return this.rest.post('groups/readers/ack', { receipts });
  }

  /** What there is, acknowledged. */
  async taken(more: object = {}): Promise<Received[]> {
    const items = await this.receive(more);
    if (items.length > 0) await this.ack(...items.map(({ receipt }) => receipt));
    return items;
  }

  /** The bodies of so many, as they come, acknowledged. */
  async bodies(count: number, more: object = {}): Promise<string[]> {
    const all: string[] = [];
    await until(`${count} have come`, async () => {
      all.push(...(await this.taken(more)).map(({ body }) => body));
      return all.length >= count;
    });
    return all;
  }
}
