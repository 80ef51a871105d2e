import {
  Permission,
  bodyCrc,
  decodeKvTable,
  encodeCompressedRegisterBrokerBody,
  encodeRegisterBrokerBody,
  encodeTopicRouteData,
  every,
  registerBroker,
  registerTopicInNamesrv,
  ResponseCode,
  unregisterBroker,
  within,
  type Cancel,
  type Clock,
  type Command,
  type Log,
  type RemotingClient,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { NameServers } from './name-servers.js';
import type { TopicConfig } from './topic-config.js';
import type { Topics } from './topics.js';

const UNREGISTER_TIMEOUT_MS = 1_000;
const STANDARD_JSON = { version: 0, acceptStandardJsonOnly: true };

/** With no more topics than this the whole is told each time: a name server that was away is healed by any change. */
const FEW_TOPICS = 256;
/** Topics that are told one by one; when more have changed, the whole is one request. */
const MOST_TOLD_ALONE = 16;

interface NameServer {
  readonly address: string;
  /** of a registered broker, what the name server has not heard of */
  readonly changed: Set<string>;
  /** it is to hear everything: at first, now and then, and whenever it could not be told less */
  whole: boolean;
  /** it knows no registration of a single topic: RocketMQ 4.x */
  onlyWhole: boolean;
  /** the registration on its way */
  running: Promise<void> | undefined;
  /** the one that follows it, when something has changed meanwhile */
  next: Promise<void> | undefined;
  reachable: boolean | undefined;
}

function newNameServer(address: string): NameServer {
  return {
    address,
    changed: new Set<string>(),
    whole: true,
    onlyWhole: false,
    running: undefined,
    next: undefined,
    reachable: undefined,
  };
}

/**
 * Tells every name server which topics this broker holds: at start, every registerNameServerPeriod, and at once when a
 * topic changes. Each name server has one registration on its way at most, so that a slow or dead one delays nobody and
 * a thousand new topics do not make a thousand registrations. Of ten thousand topics the few that have changed are told
 * alone: the whole takes a tenth of a second to write, in which nothing else happens.
 */
export class Registration {
  private nameServers: readonly NameServer[] = [];
  private readonly undo: Cancel[] = [];

  constructor(
    private readonly config: BrokerConfig,
    /** brokerIP1:listenPort */
    private readonly address: string,
    private readonly topics: Topics,
    private readonly named: NameServers,
    private readonly client: RemotingClient,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  start(): void {
    this.named.start(() => this.follow());
    this.undo.push(
      () => this.named.stop(),
      this.topics.onChange((topic) => this.changed(topic)),
      every(this.clock, this.config.registerNameServerPeriod, () => this.registerAll()),
    );
    this.follow();
  }

  /** Those that are named now, and were before, are known already. */
  private follow(): void {
    this.nameServers = this.named.all.map(
      (address) => this.nameServers.find((known) => known.address === address) ?? newNameServer(address),
    );
    this.registerAll();
  }

  /** What is said to all topics has changed. */
  again(): void {
    this.registerAll();
  }

  /** Resolves when every name server has heard of all that changed before, or has failed, at most `limitMs` from now. */
  async told(limitMs: number): Promise<void> {
    const heard = this.named.known().then(() => this.underWay());
    await within(this.clock, limitMs, heard);
  }

  private async underWay(): Promise<void> {
    await Promise.all(this.nameServers.flatMap(({ next, running }) => next ?? running ?? []));
  }

  /**
   * Resolves when the name servers have heard of it, or do not answer within a second. What is on its way to one ends before:
   * a registration that comes after the good-bye would be believed for two minutes.
   */
  async stop(): Promise<void> {
    for (const undo of this.undo.splice(0)) undo();
    await within(this.clock, UNREGISTER_TIMEOUT_MS, this.underWay());
    const { brokerName, brokerClusterName: clusterName, brokerId } = this.config;
    const header = { brokerName, brokerAddr: this.address, clusterName, brokerId };
    await Promise.all(
      this.nameServers
        .filter(({ reachable, running }) => reachable === true || running !== undefined)
        .map(({ address }) =>
          this.client
            .request(address, unregisterBroker, header, undefined, { timeoutMs: UNREGISTER_TIMEOUT_MS })
            .catch((error: Error) => {
              this.log.debug('a name server did not hear of the end', {
                nameServer: address,
                error: error.message,
              });
            }),
        ),
    );
  }

  private registerAll(): void {
    for (const nameServer of this.nameServers) {
      nameServer.whole = true;
      void this.register(nameServer);
    }
  }

  private changed(topic: string): void {
    for (const nameServer of this.nameServers) {
      nameServer.changed.add(topic);
      void this.register(nameServer);
    }
  }

  private register(nameServer: NameServer): Promise<void> {
    const { running } = nameServer;
    if (!running) {
      // not before the end of this turn: what changes together is told together
      nameServer.running = Promise.resolve()
        .then(() => this.tell(nameServer))
        .finally(() => (nameServer.running = undefined));
      return nameServer.running;
    }
    nameServer.next ??= running.then(() => {
      nameServer.next = undefined;
      return this.register(nameServer);
    });
    return nameServer.next;
  }

  private get stopped(): boolean {
    return this.undo.length === 0;
  }

  private async tell(nameServer: NameServer): Promise<void> {
    if (this.stopped) return;
    const changed = this.toldAlone(nameServer);
    nameServer.changed.clear();
    try {
      if (changed && (await this.tellAlone(nameServer, changed))) return;
      await this.tellWhole(nameServer);
    } catch (error) {
      // once: it is tried again every 30 seconds
      if (nameServer.reachable !== false) {
        this.log.warn('a name server cannot be reached, trying again', {
          nameServer: nameServer.address,
          error: (error as Error).message,
        });
      }
      nameServer.reachable = false;
      nameServer.whole = true;
    }
  }

  /** What has changed since, where that is to be told alone. */
  private toldAlone({ whole, onlyWhole, changed }: NameServer): TopicConfig[] | undefined {
    if (whole || onlyWhole || changed.size > MOST_TOLD_ALONE || this.topics.count <= FEW_TOPICS)
      return undefined;
    const topics = [...changed].map((name) => this.topics.find(name));
    // only the whole says that one is gone
    return topics.every((topic) => topic !== undefined) ? topics : undefined;
  }

  /** @returns false: it has to hear the whole, as long as there is something to tell */
  private async tellAlone(nameServer: NameServer, changed: readonly TopicConfig[]): Promise<boolean> {
    const { brokerName, registerBrokerTimeoutMills: timeoutMs } = this.config;
    for (const topic of changed) {
      if (this.stopped) return true;
      const queueDatas = [{ ...topic, brokerName, perm: this.permOf(topic) }];
      const body = encodeTopicRouteData({ queueDatas, brokerDatas: [] }, STANDARD_JSON);
      const header = { topic: topic.topicName };
      const { code } = await this.client.request(nameServer.address, registerTopicInNamesrv, header, body, {
        timeoutMs,
      });
      nameServer.onlyWhole = code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED;
      if (code !== 0) return this.stopped;
    }
    return true;
  }

  private async tellWhole(nameServer: NameServer): Promise<void> {
    const timeoutMs = this.config.registerBrokerTimeoutMills;
    const { header, body } = this.registration();
    nameServer.whole = false;
    const answer = await this.client.request(nameServer.address, registerBroker, header, body, { timeoutMs });
    this.answered(nameServer, answer);
  }

  private permOf({ perm }: TopicConfig): number {
    return perm & (this.config.brokerPermission | Permission.INHERIT);
  }

  private answered(nameServer: NameServer, answer: Command): void {
    if (answer.code !== 0) {
      this.log.warn('a name server refused the registration', {
        nameServer: nameServer.address,
        code: answer.code,
        remark: answer.remark,
      });
      nameServer.whole = true;
      return;
    }
    if (nameServer.reachable !== true) {
      this.log.info('registered at a name server', { nameServer: nameServer.address, broker: this.address });
    }
    nameServer.reachable = true;
    if (answer.body.length > 0) this.topics.markOrdered(decodeKvTable(answer.body).keys());
  }

  private registration(): { header: Parameters<typeof registerBroker.encode>[0]; body: Buffer } {
    const { config } = this;
    const topicConfigTable = new Map<string, TopicConfig>();
    for (const topic of this.topics.all()) {
      topicConfigTable.set(topic.topicName, { ...topic, perm: this.permOf(topic) });
    }
    const encode = config.compressedRegister ? encodeCompressedRegisterBrokerBody : encodeRegisterBrokerBody;
    const body = encode({
      topicConfigSerializeWrapper: { topicConfigTable, dataVersion: this.topics.dataVersion },
      filterServerList: [],
    });
    const port = Number(this.address.slice(this.address.lastIndexOf(':') + 1));
    const header = {
      brokerName: config.brokerName,
      brokerAddr: this.address,
      clusterName: config.brokerClusterName,
      // nobody listens there before there are replicas; RocketMQ's name servers want the field
      haServerAddr: `${config.brokerIP1}:${port + 1}`,
      brokerId: config.brokerId,
      compressed: config.compressedRegister,
      bodyCrc32: bodyCrc(body),
    };
    return { header, body };
  }
}
