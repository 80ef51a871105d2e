import { Permission } from '@halfmq/remoting';
import type { GroupConfig } from '../directory/group-config.js';
import type { TopicConfig } from '../directory/topic-config.js';
import { isSystemName } from '../directory/topic-names.js';
import type { Soon } from '../soon.js';
import type { Broker, Brokers, Holding, Kinds } from './brokers.js';
import { Refusal } from './codes.js';
import type { Endpoints } from './contract.js';
import type { OtherBrokers } from './elsewhere/other-brokers.js';

/** The broker behind this door. */
export interface Own {
  readonly broker: Broker & { group(name: string): GroupConfig | undefined };
  topic(name: string): TopicConfig | undefined;
  /** one that a send would make */
  toBeMade(name: string): TopicConfig | undefined;
  isSystem(name: string): boolean;
}

/** Own doors of brokers, where they have one. */
export interface OwnDoors {
  of(address: string): Promise<Endpoints | undefined>;
}

/** All brokers, wherever they are. What the one behind the door has is decided without asking anybody. */
export class AllBrokers implements Brokers {
  private readonly here: { readonly broker: Broker } | undefined;

  constructor(
    /** undefined: there is none, the door is a proxy's */
    private readonly own: Own | undefined,
    private readonly others: OtherBrokers,
    private readonly doors?: OwnDoors,
  ) {
    this.here = own && { broker: own.broker };
  }

  isSystem(topic: string): boolean {
    return this.own ? this.own.isSystem(topic) : isSystemName(topic);
  }

  async holding(topic: string): Promise<readonly Holding[]> {
    const { own } = this;
    const others = await this.elsewhere(topic);
    const config = own?.topic(topic) ?? (others.length === 0 ? own?.toBeMade(topic) : undefined);
    if (!own || !config) return others;
    return [{ ...config, brokerName: own.broker.name, endpoints: undefined }, ...others];
  }

  private async elsewhere(topic: string): Promise<Holding[]> {
    const held = await this.others.holding(topic);
    const all = held.length > 0 || this.own ? held : await this.others.making(topic);
    return Promise.all(
      all.map(async ({ queues, broker }) => ({
        ...queues,
        endpoints: await this.doors?.of(broker.address),
      })),
    );
  }

  kinds(topic: string): Soon<Kinds> {
    return this.own?.topic(topic) ?? this.kindsElsewhere(topic);
  }

  private async kindsElsewhere(topicName: string): Promise<Kinds> {
    const [held] = await this.others.holding(topicName);
    return (await held?.broker.kinds(topicName)) ?? { topicName, attributes: {} };
  }

  group(name: string, topics: readonly string[]): Soon<GroupConfig | undefined> {
    if (this.own && (topics.length === 0 || topics.some((topic) => this.own?.topic(topic))))
      return this.own.broker.group(name);
    return this.groupElsewhere(name, topics);
  }

  private async groupElsewhere(name: string, topics: readonly string[]): Promise<GroupConfig | undefined> {
    for (const topic of topics) {
      const [held] = await this.others.holding(topic);
      if (held) return held.broker.group(name);
    }
    return this.own?.broker.group(name);
  }

  toSend(topic: string, messageGroup: string | undefined): Soon<{ broker: Broker; queueId?: number }> {
    const config = this.own?.topic(topic);
    const isHere = config && (config.perm & Permission.WRITE) !== 0 && config.writeQueueNums > 0;
    return isHere && this.here ? this.here : this.toSendElsewhere(topic, messageGroup);
  }

  private async toSendElsewhere(
    topic: string,
    messageGroup: string | undefined,
  ): Promise<{ broker: Broker; queueId?: number }> {
    const found =
      (await this.others.toSend(topic, messageGroup)) ??
      this.here ??
      (await this.others.toSend(topic, messageGroup, this.others.making(topic)));
    if (found) return found;
    throw notFound(topic);
  }

  toReceive(topic: string, named: string): Soon<Broker> {
    const { own } = this;
    if (named !== '') return this.named(named, topic);
    return own?.topic(topic) ? own.broker : this.toReceiveElsewhere(topic);
  }

  private async toReceiveElsewhere(topic: string): Promise<Broker> {
    const broker = (await this.others.toReceive(topic)) ?? this.own?.broker;
    if (broker) return broker;
    throw notFound(topic);
  }

  named(brokerName: string, topic: string): Soon<Broker> {
    const broker = this.own?.broker;
    return broker?.name === brokerName ? broker : this.others.named(brokerName, topic);
  }
}

const notFound = (topic: string): Refusal =>
  new Refusal('TOPIC_NOT_FOUND', `topic ${topic} does not exist: create it first`);
