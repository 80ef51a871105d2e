import {
  encodeHeartbeatData,
  every,
  heartBeat,
  unregisterClient,
  type Cancel,
  type Clock,
  type ConsumerData,
  type Log,
} from '@halfmq/remoting';
import type { BrokerAddress, BrokerRequests } from './broker-requests.js';
import { Complaints } from './complaints.js';
import type { Routes } from './routes/routes.js';
import { PRIMARY_ID } from './routes/topic-route.js';

const BEAT_MS = 30_000;
const AGAIN_MS = 1_000;

interface Target extends BrokerAddress {
  readonly brokerId: number;
}

/**
 * Tells every broker this client may deal with which producer and consumer groups live in it: every 30 s, at once when
 * that changes, and a second after a connection was lost, since a broker forgets a client with its connection. A
 * check-back can only be asked of a producer the broker has heard of, on the connection its heartbeat came on.
 *
 * A broker that does not hear it is tried again every second as long as a name server names it, then with the regular
 * beat alone: it may have been taken away for good.
 *
 * A client of plain producers alone says nothing until it has dealings with a broker; one with transactional producers
 * speaks to the primaries of all brokers, one with consumers also to replicas, from which it may read.
 */
export class Heartbeats {
  /** group → topics it can be asked about; undefined for a plain producer */
  private readonly producers = new Map<string, Set<string> | undefined>();
  private readonly consumers = new Map<string, ConsumerData>();
  /** address → the version of the registrations it has heard */
  private readonly heard = new Map<string, number>();
  /** addresses of brokers that end all half messages of a transaction with one verdict */
  private readonly together = new Set<string>();
  private readonly underway = new Map<string, Promise<void>>();
  private readonly complaints: Complaints;
  private version = 1;
  private stopBeating: Cancel | undefined;
  private cancelAgain: Cancel | undefined;
  private started = false;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly clientId: string,
    private readonly routes: Routes,
    private readonly brokers: BrokerRequests,
  ) {
    this.complaints = new Complaints(log);
    routes.onReturn(() => this.again());
  }

  start(): void {
    this.started = true;
    this.stopBeating ??= every(this.clock, BEAT_MS, () => this.beat(true));
  }

  stop(): void {
    this.started = false;
    this.stopBeating?.();
    this.stopBeating = undefined;
    this.cancelAgain?.();
    this.cancelAgain = undefined;
  }

  addProducer(group: string, topics?: readonly string[]): void {
    const known = this.producers.get(group);
    if (topics) this.producers.set(group, new Set([...(known ?? []), ...topics]));
    else if (!this.producers.has(group)) this.producers.set(group, undefined);
    else return;
    this.version++;
  }

  /** Brokers ask this client about these topics no more. Never rejects. */
  async removeTopics(group: string, topics: readonly string[]): Promise<void> {
    const known = this.producers.get(group);
    if (!known) return;
    for (const topic of topics) known.delete(topic);
    this.version++;
    if (known.size > 0) return this.beat();
    // a producer that names no topics would be asked about all of them
    this.producers.delete(group);
    await this.unregister({ producerGroup: group });
  }

  addConsumer(data: ConsumerData): void {
    this.consumers.set(data.groupName, data);
    this.version++;
  }

  /** Takes the group out and tells every broker that has heard of it. Never rejects. */
  async removeConsumer(group: string): Promise<void> {
    if (this.consumers.delete(group)) await this.unregister({ consumerGroup: group });
  }

  /** Tells every broker that this client and all its groups are gone. Never rejects. */
  async leave(): Promise<void> {
    const producers = [...this.producers.keys()].map((producerGroup) => this.unregister({ producerGroup }));
    const consumers = [...this.consumers.keys()].map((consumerGroup) => this.unregister({ consumerGroup }));
    await Promise.all([...producers, ...consumers]);
  }

  /** Beats to everyone (or to those alone that have not heard the latest). Never rejects: what failed is tried again. */
  async beat(everyone = false): Promise<void> {
    const due = this.targets().filter(
      ({ address }) => everyone || (!this.isFresh(address) && this.routes.isNamed(address)),
    );
    await Promise.all(due.map((target) => this.tell(target).catch(() => this.retry(target))));
  }

  /**
   * @returns undefined when this broker knows of this client; else it resolves when it does
   * @throws BrokerUnreachable, RemotingError, BrokerRefused
   */
  ensure(broker: BrokerAddress): Promise<void> | undefined {
    return this.isFresh(broker.address) ? undefined : this.tell(broker);
  }

  /** Whether one END is enough there for all half messages of a transaction, by its last answer. */
  endsTogether(address: string): boolean {
    return this.together.has(address);
  }

  /**
   * The connection is gone, and with it the broker's knowledge of this client.
   * @returns whether that was a broker that had heard of it
   */
  lost(address: string): boolean {
    const known = this.heard.delete(address);
    if (known) this.again();
    return known;
  }

  private isFresh(address: string): boolean {
    return this.heard.get(address) === this.version;
  }

  private retry({ address }: BrokerAddress): void {
    if (this.routes.isNamed(address)) this.again();
  }

  private again(): void {
    if (!this.started || this.cancelAgain) return;
    this.cancelAgain = this.clock.after(AGAIN_MS, () => {
      this.cancelAgain = undefined;
      void this.beat();
    });
  }

  private targets(): Target[] {
    const transactional = [...this.producers.values()].some((topics) => topics !== undefined);
    if (this.consumers.size > 0) return [...this.routes.addresses()];
    const primaries = [...this.routes.addresses()].filter((one) => one.brokerId === PRIMARY_ID);
    return transactional ? primaries : primaries.filter((one) => this.heard.has(one.address));
  }

  private tell(broker: BrokerAddress): Promise<void> {
    const { address } = broker;
    const version = this.version;
    const key = `${address} ${version}`;
    let beat = this.underway.get(key);
    if (!beat) {
      beat = this.send(broker)
        .then(() => {
          this.heard.set(address, version);
          this.complaints.settled(address);
        })
        .catch((error: unknown) => {
          this.heard.delete(address);
          // a broker that does not answer its heartbeat is asked on a new connection next time
          this.brokers.hangUp(broker, 'the heartbeat failed');
          const message = `heartbeat to broker ${broker.brokerName} failed`;
          this.complaints.warn(address, message, { address, error });
          throw error;
        })
        .finally(() => this.underway.delete(key));
      this.underway.set(key, beat);
    }
    return beat;
  }

  private async send(broker: BrokerAddress): Promise<void> {
    const body = encodeHeartbeatData({
      clientID: this.clientId,
      producerDataSet: [...this.producers].map(([groupName, topics]) =>
        topics ? { groupName, transactionalTopics: [...topics] } : { groupName },
      ),
      consumerDataSet: [...this.consumers.values()],
    });
    const answer = await this.brokers.call(broker, { spec: heartBeat, header: {}, body });
    // other fields of the answer are of no use here, and none of a stranger's must spoil a heartbeat
    if (answer.extFields?.['transactionsEndTogether'] === 'true') this.together.add(broker.address);
    else this.together.delete(broker.address);
  }

  private async unregister(groups: { producerGroup?: string; consumerGroup?: string }): Promise<void> {
    const header = { clientID: this.clientId, ...groups };
    const listeners = [...this.routes.addresses()].filter(({ address }) => this.heard.has(address));
    await Promise.all(
      listeners.map((broker) =>
        this.brokers.call(broker, { spec: unregisterClient, header }).catch((error: unknown) => {
          this.log.debug(`broker ${broker.brokerName} not told that the client leaves`, { error });
        }),
      ),
    );
  }
}
