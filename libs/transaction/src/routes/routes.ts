import { isDeepStrictEqual } from 'node:util';
import {
  decodeClusterInfo,
  decodeTopicRouteData,
  every,
  getBrokerClusterInfo,
  getRouteinfoByTopic,
  ResponseCode,
  type BrokerData,
  type Cancel,
  type Clock,
  type Log,
  type MessageQueue,
  type TopicRouteData,
} from '@halfmq/remoting';
import { Complaints } from '../complaints.js';
import { NoNameServer, NoRoute } from '../errors.js';
import type { NameServers } from './name-servers.js';
import { DEFAULT_TOPIC, PRIMARY_ID, publishQueues, subscribeQueues, templateRoute } from './topic-route.js';

const POLL_MS = 30_000;
/** Two polls and a little: an address no answer has named for so long is one of a broker that is gone. */
const FORGOTTEN_MS = 65_000;
/** For a while after a broker was lost: when it comes back, its queues must not wait for half a minute. */
const CLOSE_POLL_MS = 1_000;
const CLOSE_FOR_MS = 120_000;
/** What a complaint is about that no topic is to blame for. */
const NOBODY = 'no name server';

interface KnownTopic {
  /** what the name server said of the topic itself */
  route: TopicRouteData | undefined;
  /** the template's, while the topic does not exist */
  template: TopicRouteData | undefined;
  /** where to send by that, worked out once for each route */
  publish: { readonly by: TopicRouteData; readonly queues: readonly MessageQueue[] } | undefined;
  /** a name server has answered, be it that there is no such topic */
  answered: boolean;
  asking: Promise<void> | undefined;
}

/**
 * What this client knows of topics and brokers: asked once, then every 30 s. A route once known is kept when a name
 * server no longer answers or has forgotten it, as RocketMQ's clients do: a broker that restarts is away for a moment.
 */
export class Routes {
  private readonly topics = new Map<string, KnownTopic>();
  private readonly brokers = new Map<string, ReadonlyMap<number, string>>();
  /** address → when a name server last named it (monotonic ms) */
  private readonly namedAt = new Map<string, number>();
  private stopPolling: Cancel | undefined;
  private stopClosePolling: Cancel | undefined;
  private closeUntil = -Infinity;
  private everyBroker = false;
  private readonly complaints: Complaints;
  private readonly listeners: (() => void)[] = [];
  private readonly returnListeners: (() => void)[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly nameServers: NameServers,
  ) {
    this.complaints = new Complaints(log);
  }

  start(): void {
    this.stopPolling ??= every(this.clock, POLL_MS, () => this.poll());
  }

  stop(): void {
    this.stopPolling?.();
    this.stopPolling = undefined;
    this.stopClosePolling?.();
    this.stopClosePolling = undefined;
  }

  /** Hears when the queues or brokers of a topic are other than they were. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Hears when a broker is named again that was not for long. */
  onReturn(listener: () => void): void {
    this.returnListeners.push(listener);
  }

  /** Whether a name server has named this address lately: what it has forgotten may be gone for good. */
  isNamed(address: string): boolean {
    const at = this.namedAt.get(address);
    return at !== undefined && this.clock.monotonic() - at < FORGOTTEN_MS;
  }

  /** A broker's connection ended: routes are about to change, and to change back. */
  brokerLost(): void {
    this.closeUntil = this.clock.monotonic() + CLOSE_FOR_MS;
    if (!this.stopPolling) return;
    this.stopClosePolling ??= every(this.clock, CLOSE_POLL_MS, async () => {
      await this.poll();
      if (this.clock.monotonic() < this.closeUntil) return;
      this.stopClosePolling?.();
      this.stopClosePolling = undefined;
    });
  }

  /**
   * Asks for the template of topics not yet created: a first question any name server can answer.
   * @throws NoNameServer
   */
  async knowTemplate(): Promise<void> {
    await this.lookUp(DEFAULT_TOPIC);
  }

  /** From now on every broker of the name server's clusters is known, not only those of topics in use. */
  async knowEveryBroker(): Promise<void> {
    this.everyBroker = true;
    await this.askForBrokers();
  }

  /** What `publishQueues` resolves with, where nobody must be asked for it. */
  knownPublishQueues(topic: string): readonly MessageQueue[] | undefined {
    const known = this.topics.get(topic);
    const route = known?.route ?? known?.template;
    if (!known || !route) return undefined;
    if (known.publish?.by !== route) known.publish = { by: route, queues: publishQueues(topic, route) };
    return known.publish.queues.length > 0 ? known.publish.queues : undefined;
  }

  /**
   * @returns at least one queue
   * @throws NoRoute when no broker takes this topic, NoNameServer when that cannot be found out
   */
  async publishQueues(topic: string): Promise<readonly MessageQueue[]> {
    const known = this.known(topic);
    if (!known.route && !known.template) await this.ask(topic);
    if (!known.route && !known.template) await this.askForTemplate(topic);
    const route = known.route ?? known.template;
    if (!route) throw new NoRoute(topic, 'the name server knows neither it nor a template to create it from');
    const queues = this.knownPublishQueues(topic);
    if (!queues) throw new NoRoute(topic, 'no broker with a primary lets it be written');
    return queues;
  }

  /** The topic's queues to read, in RocketMQ's order; undefined while the topic is unknown, which is asked anew each time. */
  async subscribeQueues(topic: string): Promise<readonly MessageQueue[] | undefined> {
    const known = this.known(topic);
    if (!known.route) await this.ask(topic);
    return known.route && subscribeQueues(topic, known.route);
  }

  /** Asks again: something has happened that the route may not tell yet. */
  refresh(topic: string): void {
    // a question under way may have been answered before it happened
    const asked = this.known(topic).asking?.catch(() => undefined) ?? Promise.resolve();
    asked
      .then(() => this.ask(topic))
      .catch((error: unknown) => this.log.debug(`route of ${topic} not refreshed`, { error }));
  }

  /** Addresses of the topic's brokers, the primary's where there is one; for questions any of them can answer. */
  answering(topic: string): { brokerName: string; address: string }[] {
    const names = new Set(this.known(topic).route?.queueDatas.map((data) => data.brokerName));
    return [...names].flatMap((brokerName) => {
      const address = this.addressOf(brokerName);
      return address === undefined ? [] : [{ brokerName, address }];
    });
  }

  /** @returns the address of that member of the broker's set, else the primary's, else any */
  addressOf(brokerName: string, brokerId = PRIMARY_ID): string | undefined {
    const addresses = this.brokers.get(brokerName);
    return addresses?.get(brokerId) ?? addresses?.get(PRIMARY_ID) ?? addresses?.values().next().value;
  }

  primaryOf(brokerName: string): string | undefined {
    return this.brokers.get(brokerName)?.get(PRIMARY_ID);
  }

  /** Every broker known now. */
  *addresses(): Generator<{ brokerName: string; brokerId: number; address: string }> {
    for (const [brokerName, addresses] of this.brokers) {
      for (const [brokerId, address] of addresses) yield { brokerName, brokerId, address };
    }
  }

  /** Asks about everything known. Never rejects: what cannot be asked now stays as it is. */
  async poll(): Promise<void> {
    const questions = [...this.topics.keys()].map((topic) => [topic, () => this.ask(topic)] as const);
    if (this.everyBroker) questions.unshift(['', () => this.askForBrokers()]);
    for (const [about, question] of questions) {
      try {
        await question();
        this.complaints.settled(NOBODY);
        this.complaints.settled(about);
      } catch (error) {
        // nobody would answer the others either
        const nobody = error instanceof NoNameServer;
        const message = 'a route was not refreshed, the known one stays';
        this.complaints.warn(nobody ? NOBODY : about, message, { error });
        if (nobody) return;
      }
    }
  }

  private known(topic: string): KnownTopic {
    let known = this.topics.get(topic);
    if (!known) {
      known = {
        route: undefined,
        template: undefined,
        publish: undefined,
        answered: false,
        asking: undefined,
      };
      this.topics.set(topic, known);
    }
    return known;
  }

  private ask(topic: string): Promise<void> {
    const known = this.known(topic);
    known.asking ??= this.lookUp(topic)
      .then((route) => this.answered(topic, known, route))
      .finally(() => (known.asking = undefined));
    return known.asking;
  }

  private async answered(topic: string, known: KnownTopic, route: TopicRouteData | undefined): Promise<void> {
    const heardBefore = known.answered;
    known.answered = true;
    if (!route) {
      // still not created: the brokers that would create it may be others by now
      if (known.template && !known.route) await this.askForTemplate(topic);
      return;
    }
    const changed = heardBefore && !isDeepStrictEqual(known.route, route);
    known.route = route;
    if (changed) for (const listener of this.listeners) listener();
  }

  private async askForTemplate(topic: string): Promise<void> {
    const template = await this.lookUp(DEFAULT_TOPIC);
    if (template) this.known(topic).template = templateRoute(template);
  }

  private async lookUp(topic: string): Promise<TopicRouteData | undefined> {
    const header = { topic, acceptStandardJsonOnly: true };
    const answer = await this.nameServers.request(getRouteinfoByTopic, header);
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST) return undefined;
    if (answer.code !== ResponseCode.SUCCESS) {
      throw new NoRoute(topic, `the name server answered ${answer.code} ${answer.remark ?? ''}`.trim());
    }
    const route = decodeTopicRouteData(answer.body);
    this.learn(route.brokerDatas);
    return route;
  }

  private async askForBrokers(): Promise<void> {
    const answer = await this.nameServers.request(getBrokerClusterInfo, {});
    if (answer.code !== ResponseCode.SUCCESS) return;
    this.learn(decodeClusterInfo(answer.body).brokerAddrTable.values());
  }

  private learn(brokers: Iterable<BrokerData>): void {
    let returned = false;
    for (const { brokerName, brokerAddrs } of brokers) {
      if (brokerAddrs.size > 0) this.brokers.set(brokerName, brokerAddrs);
      for (const address of brokerAddrs.values()) {
        returned ||= this.namedAt.has(address) && !this.isNamed(address);
        this.namedAt.set(address, this.clock.monotonic());
      }
    }
    if (returned) for (const listener of this.returnListeners) listener();
  }
}
