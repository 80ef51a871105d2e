import { StatusError, type Clock, type TopicRouteData } from '@halfmq/remoting';
import type { NamesrvConfig } from './config/settings.js';
import { ORDER_TOPIC_CONFIG, type KvConfig } from './kv.js';
import type { RouteTable } from './route-table.js';

/** The route table as it is shown to others: by the settings, and with the order of topics from the key-value table. */
export class RouteBook {
  /** monotonic milliseconds */
  private readonly opened: number;

  constructor(
    private readonly config: NamesrvConfig,
    readonly table: RouteTable,
    private readonly kv: KvConfig,
    private readonly clock: Clock,
  ) {
    this.opened = clock.monotonic();
  }

  /** @throws StatusError TOPIC_NOT_EXIST, or SYSTEM_ERROR while brokers are waited for */
  route(topic: string): TopicRouteData {
    if (this.isWaiting()) throw new StatusError('SYSTEM_ERROR', 'name server not ready');
    const { supportActingMaster, orderMessageEnable } = this.config;
    const route = this.table.route(topic, { supportActingMaster });
    if (!route) {
      // the words clients and tools look for
      throw new StatusError('TOPIC_NOT_EXIST', `No topic route info in name server for the topic: ${topic}`);
    }
    const orderTopicConf = orderMessageEnable ? this.kv.get(ORDER_TOPIC_CONFIG, topic) : undefined;
    return orderTopicConf === undefined ? route : { ...route, orderTopicConf };
  }

  allTopics(): string[] {
    if (!this.config.enableAllTopicList) throw new StatusError('SYSTEM_ERROR', 'disable');
    return this.table.topicNames();
  }

  topicsOfCluster(cluster: string): string[] {
    if (!this.config.enableTopicList) throw new StatusError('SYSTEM_ERROR', 'disable');
    return this.table.topicsOfCluster(cluster);
  }

  private isWaiting(): boolean {
    const { needWaitForService, waitSecondsForService } = this.config;
    return needWaitForService && this.clock.monotonic() - this.opened < waitSecondsForService * 1000;
  }
}
