import { updateAndCreateTopic } from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { WireClient } from '../kit/wire-client.js';

/** A cluster for scenarios of classic clients: whose levels are short, and where each scenario has a topic of its own. */
export class ClassicCluster {
  private constructor(
    private readonly cluster: Cluster,
    private readonly admin: WireClient,
  ) {}

  static async start(): Promise<ClassicCluster> {
    const cluster = await Cluster.start({
      enablePropertyFilter: 'true',
      messageDelayLevel: '1s 1s 1s 1s 1s 1s',
      transactionTimeOut: '1000',
      transactionCheckInterval: '1000',
    });
    return new ClassicCluster(cluster, new WireClient(cluster.brokerAddress));
  }

  get nameServer(): string {
    return this.cluster.nameServer;
  }

  /** Of one queue: what is sent to it is in order. */
  async topic(topic: string): Promise<string> {
    await this.admin.ask(updateAndCreateTopic, { topic, readQueueNums: 1, writeQueueNums: 1, perm: 6 });
    return topic;
  }

  async stop(): Promise<void> {
    await this.admin.close();
    await this.cluster.stop();
  }
}
