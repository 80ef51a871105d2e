import {
  Permission,
  bodyCrc,
  decodeKvTable,
  encodeCompressedRegisterBrokerBody,
  encodeRegisterBrokerBody,
  every,
  registerBroker,
  unregisterBroker,
  type Cancel,
  type Clock,
  type Command,
  type Log,
  type RemotingClient,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { TopicConfig } from './topic-config.js';
import type { Topics } from './topics.js';

const UNREGISTER_TIMEOUT_MS = 1_000;

interface NameServer {
  readonly address: string;
  /** the registration on its way */
  running: Promise<void> | undefined;
  /** the one that follows it, when something has changed meanwhile */
  next: Promise<void> | undefined;
  reachable: boolean | undefined;
}

/**
 * Tells every name server which topics this broker holds: at start, every registerNameServerPeriod, and at once when a
 * topic changes. Each name server has one registration on its way at most, so that a slow or dead one delays nobody and
 * a thousand new topics do not make a thousand registrations.
 */
export class Registration {
  private readonly nameServers: readonly NameServer[];
  private readonly undo: Cancel[] = [];

  constructor(
    private readonly config: BrokerConfig,
    /** brokerIP1:listenPort */
    private readonly address: string,
    private readonly topics: Topics,
    private readonly client: RemotingClient,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.nameServers = config.namesrvAddr
      .split(';')
      .filter((address) => address !== '')
      .map((address) => ({ address, running: undefined, next: undefined, reachable: undefined }));
  }

  start(): void {
    if (this.nameServers.length === 0) return;
    this.undo.push(
      this.topics.onChange(() => this.registerAll()),
      every(this.clock, this.config.registerNameServerPeriod, () => this.registerAll()),
    );
    this.registerAll();
  }

  /** What is said to all topics has changed. */
  again(): void {
    this.registerAll();
  }

  /** Resolves when every name server has heard of all that changed before, or has failed, at most `limitMs` from now. */
  async told(limitMs: number): Promise<void> {
    const underWay = this.nameServers.flatMap(({ next, running }) => next ?? running ?? []);
    if (underWay.length === 0) return;
    let cancel = (): void => undefined;
    const limit = new Promise<void>((resolve) => (cancel = this.clock.after(limitMs, resolve)));
    await Promise.race([Promise.all(underWay), limit]);
    cancel();
  }

  /** Resolves when the name servers have heard of it, or do not answer within a second. */
  async stop(): Promise<void> {
    for (const undo of this.undo.splice(0)) undo();
    const { brokerName, brokerClusterName: clusterName, brokerId } = this.config;
    const header = { brokerName, brokerAddr: this.address, clusterName, brokerId };
    await Promise.all(
      this.nameServers
        .filter(({ reachable }) => reachable === true)
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
    for (const nameServer of this.nameServers) void this.register(nameServer);
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

  private async tell(nameServer: NameServer): Promise<void> {
    if (this.undo.length === 0) return;
    const timeoutMs = this.config.registerBrokerTimeoutMills;
    try {
      const { header, body } = this.registration();
      const answer = await this.client.request(nameServer.address, registerBroker, header, body, {
        timeoutMs,
      });
      this.answered(nameServer, answer);
    } catch (error) {
      // once: it is tried again every 30 seconds
      if (nameServer.reachable !== false) {
        this.log.warn('a name server cannot be reached, trying again', {
          nameServer: nameServer.address,
          error: (error as Error).message,
        });
      }
      nameServer.reachable = false;
    }
  }

  private answered(nameServer: NameServer, answer: Command): void {
    if (answer.code !== 0) {
      this.log.warn('a name server refused the registration', {
        nameServer: nameServer.address,
        code: answer.code,
        remark: answer.remark,
      });
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
      const perm = topic.perm & (config.brokerPermission | Permission.INHERIT);
      topicConfigTable.set(topic.topicName, { ...topic, perm });
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
