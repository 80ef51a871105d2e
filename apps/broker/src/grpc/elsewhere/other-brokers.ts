import { Permission, type QueueData, type TopicRouteData } from '@halfmq/remoting';
import type { Routes } from '../../directory/routes.js';
import { QUEUES_OF_A_NEW_TOPIC } from '../../directory/topic-config.js';
import { SystemTopic } from '../../directory/topic-names.js';
import { queueOfKey } from '../../produce/ordering-key.js';
import { Refusal } from '../codes.js';
import { OtherBroker, type Elsewhere } from './other-broker.js';

const PRIMARY = 0;
/** %RETRY% and %DLQ%: made by what a group does */
const OF_A_GROUP = '%';

/** A topic at a broker elsewhere. */
export interface HeldElsewhere {
  readonly broker: OtherBroker;
  readonly queues: QueueData;
}

/** The brokers elsewhere, as the name servers say. */
export class OtherBrokers {
  private readonly brokers = new Map<string, OtherBroker>();
  private turns = 0;

  constructor(
    /** of the broker that is not elsewhere */
    private readonly ownName: string | undefined,
    private readonly routes: Pick<Routes, 'of'>,
    private readonly elsewhere: Elsewhere,
  ) {}

  /** In the order of their names. */
  async holding(topic: string): Promise<readonly HeldElsewhere[]> {
    const route = await this.routes.of(topic);
    return route ? this.held(route) : [];
  }

  /** As a send would make it: where the template of such topics is. */
  async making(topic: string): Promise<readonly HeldElsewhere[]> {
    if (topic.startsWith(OF_A_GROUP)) return [];
    const held = await this.holding(SystemTopic.AUTO_CREATE_TEMPLATE);
    return held.map(({ broker, queues }) => {
      const count = Math.min(QUEUES_OF_A_NEW_TOPIC, queues.readQueueNums);
      const perm = queues.perm & ~Permission.INHERIT;
      return { broker, queues: { ...queues, perm, readQueueNums: count, writeQueueNums: count } };
    });
  }

  private held({ brokerDatas, queueDatas }: TopicRouteData): HeldElsewhere[] {
    const addresses = new Map(brokerDatas.map((data) => [data.brokerName, data.brokerAddrs.get(PRIMARY)]));
    return queueDatas
      .toSorted((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
      .flatMap((queues) => {
        const address = addresses.get(queues.brokerName);
        if (queues.brokerName === this.ownName || address === undefined) return [];
        return [{ queues, broker: this.brokerAt(queues.brokerName, address) }];
      });
  }

  private brokerAt(name: string, address: string): OtherBroker {
    const known = this.brokers.get(name);
    if (known?.address === address) return known;
    const broker = new OtherBroker(name, address, this.elsewhere);
    this.brokers.set(name, broker);
    return broker;
  }

  /** The next one in turn; one message group has one queue of all. Undefined: none takes messages of the topic. */
  async toSend(
    topic: string,
    messageGroup: string | undefined,
    held: readonly HeldElsewhere[] | Promise<readonly HeldElsewhere[]> = this.holding(topic),
  ): Promise<{ broker: OtherBroker; queueId: number } | undefined> {
    const all = (await held).flatMap(({ broker, queues: { perm, writeQueueNums } }) =>
      (perm & Permission.WRITE) === 0
        ? []
        : Array.from({ length: writeQueueNums }, (_, queueId) => ({ broker, queueId })),
    );
    // neighbours in turn are at different brokers where there are several
    if (messageGroup === undefined) all.sort((a, b) => a.queueId - b.queueId);
    return all[messageGroup === undefined ? this.turns++ % all.length : queueOfKey(messageGroup, all.length)];
  }

  /** The next one in turn; undefined: none has messages of the topic. */
  async toReceive(topic: string): Promise<OtherBroker | undefined> {
    const [broker] = await this.allToReceive(topic);
    return broker;
  }

  /** All that have messages of the topic, the next one in turn first. */
  async allToReceive(topic: string): Promise<OtherBroker[]> {
    const all = (await this.holding(topic)).filter(
      ({ queues: { perm, readQueueNums } }) => (perm & Permission.READ) !== 0 && readQueueNums > 0,
    );
    const turn = this.turns++ % Math.max(all.length, 1);
    return [...all.slice(turn), ...all.slice(0, turn)].map(({ broker }) => broker);
  }

  async named(name: string, topic: string): Promise<OtherBroker> {
    await this.holding(topic);
    const broker = this.brokers.get(name);
    if (broker) return broker;
    throw new Refusal('BAD_REQUEST', `no broker ${name} has topic ${topic}, as the name servers know`);
  }
}
