import { RemotingClient, silentLog, systemClock, type Cancel, type Clock, type Log } from '@halfmq/remoting';
import { brokerQuestions, producersOf } from './broker-questions.js';
import { BrokerRequests } from './broker-requests.js';
import { makeClientId } from './client-id.js';
import { checkClientOptions, checkProducerOptions } from './check-client-options.js';
import type { ClientOptions, ProducerOptions, TransactionProducerOptions } from './client-options.js';
import type { ClientParts } from './client-parts.js';
import type { ConsumerStatus } from './consumer/consumer-status.js';
import type { AnyConsumerOptions } from './consumer/consumer-options.js';
import type { GroupMember } from './consumer/group-member.js';
import type { LitePullOptions } from './consumer/lite/lite-options.js';
import { LitePull } from './consumer/lite/lite-pull.js';
import { PushConsumer } from './consumer/push-consumer.js';
import { ClientClosed, InvalidOption, NoNameServer } from './errors.js';
import { harmless } from './harmless-log.js';
import { Heartbeats } from './heartbeats.js';
import { Instruments } from './instruments.js';
import { Namespace } from './namespace.js';
import { Delivery } from './producer/delivery.js';
import { DEFAULT_PRODUCER_GROUP, Producer } from './producer/producer.js';
import { Replies } from './producer/replies.js';
import { NameServers } from './routes/name-servers.js';
import { Routes } from './routes/routes.js';
import { EVERY_TOPIC, TransactionProducer } from './transaction/transaction-producer.js';

const REQUEST_TIMEOUT_MS = 3_000;
const START_TIMEOUT_MS = 10_000;
const START_AGAIN_MS = 250;
const PULL_HOLD_MS = 15_000;
const ANNOUNCE_AGAIN_MS = 1_000;

/**
 * One client of a cluster: one connection a broker, shared by all producers and consumers made from it.
 *
 * NEW → start() → OPEN → close() → CLOSED. A start() that rejected may be tried again. Producers and consumers may be
 * made before it; a transactional producer is known to the brokers from then on.
 */
export class HalfmqClient {
  readonly clientId: string;
  private cancelAnnounce: Cancel = () => undefined;
  private starting: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private state: 'new' | 'starting' | 'open' | 'closed' = 'new';
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly remoting: RemotingClient;
  private readonly nameServers: NameServers;
  private readonly parts: ClientParts;
  private readonly names: Namespace;
  private readonly replies: Replies;
  private readonly instruments: Instruments;
  private readonly producers = new Set<Producer>();
  private readonly transactional = new Set<TransactionProducer>();
  private readonly consumers = new Map<string, GroupMember>();

  /** @throws InvalidOption */
  constructor(private readonly options: ClientOptions) {
    checkClientOptions(options);
    this.clock = options.clock ?? systemClock;
    this.log = harmless(options.log ?? silentLog);
    this.clientId = makeClientId(options.instanceName);
    this.names = new Namespace(options.namespace);
    this.replies = new Replies(this.clock);
    const { clock, log, consumers, transactional, replies } = this;
    const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    const handlers = brokerQuestions({ log, consumers, transactional, replies });
    this.remoting = new RemotingClient({ clock, log, handlers });
    this.nameServers = new NameServers(this.remoting, clock, log, options.nameServers, timeoutMs);
    const routes = new Routes(clock, log, this.nameServers);
    const brokers = new BrokerRequests(this.remoting, timeoutMs);
    const heartbeats = new Heartbeats(clock, log, this.clientId, routes, brokers);
    this.remoting.onDisconnect((address) => {
      if (heartbeats.lost(address) || routes.isNamed(address)) routes.brokerLost();
    });
    routes.onChange(() => this.queuesChanged());
    this.instruments = new Instruments(options, this.names, clock, log, (wire, how) =>
      this.parts.delivery.send(wire, how),
    );
    this.parts = {
      clock,
      log,
      clientId: this.clientId,
      names: this.names,
      stableId: makeClientId(options.instanceName ?? 'DEFAULT'),
      routes,
      brokers,
      heartbeats,
      delivery: new Delivery(clock, routes, brokers, this.instruments.parts.hooks, options.sendLatencyFault),
      replies: this.replies,
      pullHoldMs: options.pullHoldMs ?? PULL_HOLD_MS,
      ...this.instruments.parts,
      mustBeOpen: (what) => {
        if (this.state !== 'open') throw new ClientClosed(what);
      },
    };
  }

  /**
   * Finds a name server, learns the brokers and makes transactional producers known to them. Brokers that are not there
   * yet are no failure: they are found later.
   * @throws NoNameServer naming all, when none answered for startTimeoutMs
   */
  start(): Promise<void> {
    this.starting ??= this.open().finally(() => (this.starting = undefined));
    return this.starting;
  }

  producer(options: ProducerOptions = {}): Producer {
    this.mustNotBeClosed('producer()');
    checkProducerOptions(options);
    const producer = new Producer(this.parts, options, () => this.producers.delete(producer));
    this.parts.heartbeats.addProducer(this.names.wrap(options.group ?? DEFAULT_PRODUCER_GROUP));
    this.producers.add(producer);
    return producer;
  }

  /** @throws InvalidOption when this client has one for the same group and topic */
  transactionProducer(options: TransactionProducerOptions): TransactionProducer {
    this.mustNotBeClosed('transactionProducer()');
    checkProducerOptions(options);
    const group = this.names.wrap(options.group);
    const topics = options.topics.map((topic) => (topic === EVERY_TOPIC ? topic : this.names.wrap(topic)));
    if (options.topics.length === 0) {
      throw new InvalidOption(`transaction producer ${options.group}: topics expected, got none`);
    }
    for (const topic of topics) {
      if (producersOf(this.transactional, group).some((other) => other.topics.includes(topic))) {
        throw new InvalidOption(
          `two transaction producers of group ${options.group} for topic ${topic}: a check can have one answer`,
        );
      }
    }
    const forget = (): void => void this.transactional.delete(producer);
    const producer = new TransactionProducer(this.parts, { ...options, group, topics }, forget);
    this.parts.heartbeats.addProducer(group, topics);
    this.transactional.add(producer);
    if (this.state === 'open') void this.announce();
    return producer;
  }

  /** @throws InvalidOption when this client has a consumer of the group */
  consumer(options: AnyConsumerOptions): PushConsumer {
    return this.joined(options.group, new PushConsumer(this.parts, options));
  }

  /**
   * A consumer that takes messages when it suits. Closed with the client.
   * @throws InvalidOption when this client has a consumer of the group
   */
  litePull(options: LitePullOptions): LitePull {
    return this.joined(options.group, new LitePull(this.parts, options));
  }

  /** What its consumers do now, lite pulls among them: of those that have begun and are not closed. */
  get consuming(): readonly ConsumerStatus[] {
    return [...this.consumers.values()].map(({ status }) => status).filter(({ isRunning }) => isRunning);
  }

  private joined<Member extends GroupMember>(group: string, member: Member): Member {
    // those that are there are being closed: nobody would close this one
    if (this.closing) throw new ClientClosed(`the consumer of group ${group}`);
    const name = this.names.wrap(group);
    const known = this.consumers.get(name);
    if (known && !known.isClosed) {
      throw new InvalidOption(
        `two consumers of group ${group} in one client: give one of them all subscriptions`,
      );
    }
    this.consumers.set(name, member);
    return member;
  }

  /**
   * Drains: running handlers end and their offsets are committed, sends, verdicts and checks under way are finished,
   * the brokers are told; then every connection and timer is gone.
   */
  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private async open(): Promise<void> {
    if (this.state === 'open') return;
    if (this.state !== 'new' || this.closing) throw new ClientClosed('start()');
    this.state = 'starting';
    const { routes, heartbeats } = this.parts;
    try {
      await this.findNameServer();
    } catch (error) {
      if (this.isState('starting')) this.state = 'new';
      throw error;
    }
    if (!this.isState('starting')) throw new ClientClosed('start()');
    this.state = 'open';
    this.nameServers.start();
    routes.start();
    heartbeats.start();
    if (this.transactional.size > 0) await this.announce();
  }

  private async shut(): Promise<void> {
    const { routes, heartbeats } = this.parts;
    // handlers may send while they end
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.close()));
    await Promise.all([...this.producers, ...this.transactional].map((producer) => producer.close()));
    await this.instruments.close();
    this.state = 'closed';
    this.cancelAnnounce();
    heartbeats.stop();
    routes.stop();
    this.nameServers.stop();
    await heartbeats.leave();
    await this.remoting.close();
  }

  private async findNameServer(): Promise<void> {
    const deadline = this.clock.monotonic() + (this.options.startTimeoutMs ?? START_TIMEOUT_MS);
    for (;;) {
      try {
        await this.parts.routes.knowTemplate();
        return;
      } catch (error) {
        if (!(error instanceof NoNameServer)) throw error;
        const late = this.clock.monotonic() + START_AGAIN_MS > deadline;
        if (late || !this.isState('starting')) throw error;
        await new Promise<void>((resolve) => this.clock.after(START_AGAIN_MS, resolve));
      }
    }
  }

  private queuesChanged(): void {
    for (const consumer of this.consumers.values()) consumer.queuesChanged();
  }

  /** A method, because an await in between may have changed what the compiler believes it knows. */
  private isState(state: HalfmqClient['state']): boolean {
    return this.state === state;
  }

  /** Makes this client's transactional groups known to every broker there is. */
  private async announce(): Promise<void> {
    try {
      await this.parts.routes.knowEveryBroker();
    } catch (error) {
      this.log.warn('the brokers are not known yet', { error });
    }
    await this.parts.heartbeats.beat();
    // a broker that starts after its producers must be able to ask them all the same
    const nobody = this.parts.routes.addresses().next().done;
    if (nobody && this.state === 'open') {
      this.cancelAnnounce();
      this.cancelAnnounce = this.clock.after(ANNOUNCE_AGAIN_MS, () => void this.announce());
    }
  }

  private mustNotBeClosed(what: string): void {
    if (this.state === 'closed') throw new ClientClosed(what);
  }
}
