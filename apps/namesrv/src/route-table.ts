import { Permission, sameDataVersion } from '@halfmq/remoting';
import type {
  BrokerData,
  ClusterInfo,
  DataVersion,
  QueueData,
  TopicConfig,
  TopicRouteData,
} from '@halfmq/remoting';

/** id of a broker set's primary; replicas have larger ones */
const MASTER_ID = 0;
/** bookkeeping topics of acting-master mode: their routes are shown as they are */
const SYNC_BROKER_MEMBER_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_';

/** What a broker says of itself in one REGISTER_BROKER. */
export interface Registration {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly brokerId: number;
  readonly brokerAddr: string;
  readonly haServerAddr: string;
  readonly zoneName?: string | undefined;
  /** undefined: a broker of 4.x, which knows no acting master */
  readonly enableActingMaster?: boolean | undefined;
  readonly dataVersion: DataVersion;
  readonly topics: readonly TopicConfig[];
}

export type BrokerAddress = Pick<Registration, 'clusterName' | 'brokerName' | 'brokerAddr'>;

/**
 * accepted: replicas learn their primary. outdated: another address holds the id with a newer state, nothing was
 * changed. topicTooEarly: a single topic came from a broker that never registered as a whole.
 */
export type RegisterOutcome =
  | {
      readonly kind: 'accepted';
      /** nobody held the id before */
      readonly isNew: boolean;
      readonly masterAddr?: string;
      readonly haServerAddr?: string;
    }
  | { readonly kind: 'outdated' }
  | { readonly kind: 'topicTooEarly' };

interface BrokerSet {
  cluster: string;
  zoneName: string | undefined;
  enableActingMaster: boolean;
  readonly addresses: Map<number, string>;
}

type Known = Pick<Registration, 'dataVersion' | 'haServerAddr'>;

/**
 * Which broker holds which topic: RocketMQ's RouteInfoManager without its clock and channels (those are in
 * liveness.ts). Four tables: topic → broker name → queues; broker name → addresses by id; cluster → broker names;
 * (cluster, address) → what that broker registered last.
 *
 * Always true between two calls: a broker name has at least one address, an address has one id, a cluster at least
 * one broker name, a topic at least one broker, and every broker named anywhere has its set of addresses.
 */
export class RouteTable {
  private readonly topics = new Map<string, Map<string, QueueData>>();
  private readonly brokers = new Map<string, BrokerSet>();
  private readonly clusters = new Map<string, Set<string>>();
  private readonly known = new Map<string, Known>();

  /** The steps and their order are RouteInfoManager.registerBroker's. */
  register(incoming: Registration, options: { readonly dropMissingTopics?: boolean } = {}): RegisterOutcome {
    const { brokerName, brokerId, brokerAddr } = incoming;
    const set = this.joinCluster(incoming);
    for (const [id, address] of set.addresses) {
      if (address === brokerAddr && id !== brokerId) set.addresses.delete(id);
    }
    if (this.holdsNewerState(set, incoming)) {
      this.known.delete(keyOf(incoming));
      return { kind: 'outdated' };
    }
    const isFirst = !set.addresses.has(brokerId);
    if (isFirst && incoming.topics.length === 1) {
      // the original keeps the empty set, and with it a broker name without an address, for ever
      if (set.addresses.size === 0) this.forgetBroker(brokerName);
      return { kind: 'topicTooEarly' };
    }
    set.addresses.set(brokerId, brokerAddr);
    this.mergeTopics(incoming, set, isFirst, options.dropMissingTopics ?? false);
    // not the whole of it, with its topics
    const { dataVersion, haServerAddr } = incoming;
    this.known.set(keyOf(incoming), { dataVersion, haServerAddr });
    return { kind: 'accepted', isNew: isFirst, ...this.primaryFor(incoming, set) };
  }

  /**
   * One topic of brokers that have registered as a whole.
   * @returns false: one of them has not, nothing was changed. RocketMQ says that all is well then.
   */
  registerTopic(topic: string, queueDatas: readonly QueueData[]): boolean {
    if (queueDatas.some(({ brokerName }) => !this.brokers.has(brokerName))) return false;
    for (const queue of queueDatas) this.putQueues(topic, queue);
    return true;
  }

  /** Forgets one address; with the last one of a name, the name goes from its cluster and from all topics. */
  unregister(broker: BrokerAddress): void {
    this.known.delete(keyOf(broker));
    const set = this.brokers.get(broker.brokerName);
    if (!set) return;
    for (const [id, address] of set.addresses) if (address === broker.brokerAddr) set.addresses.delete(id);
    if (set.addresses.size === 0) this.forgetBroker(broker.brokerName);
    else if (set.enableActingMaster && !set.addresses.has(MASTER_ID)) {
      this.changePermission(broker.brokerName, (perm) => perm & ~Permission.WRITE);
    }
  }

  /** Removes the topic from the cluster's brokers, or everywhere. */
  deleteTopic(topic: string, clusterName?: string): void {
    if (clusterName === undefined) {
      this.topics.delete(topic);
      return;
    }
    for (const brokerName of this.clusters.get(clusterName) ?? []) this.dropQueues(topic, brokerName);
  }

  /** @returns of how many topics the broker holds queues */
  wipeWritePermission(brokerName: string): number {
    return this.changePermission(brokerName, (perm) => perm & ~Permission.WRITE);
  }

  /** @returns of how many topics the broker holds queues; all become readable and writable, as in the original */
  addWritePermission(brokerName: string): number {
    return this.changePermission(brokerName, () => Permission.READ | Permission.WRITE);
  }

  /** undefined: no queues, or no broker, for the topic */
  route(topic: string, options: { readonly supportActingMaster?: boolean } = {}): TopicRouteData | undefined {
    const queueDatas = [...(this.topics.get(topic)?.values() ?? [])];
    if (queueDatas.length === 0) return undefined;
    const actingAllowed =
      (options.supportActingMaster ?? false) && !topic.startsWith(SYNC_BROKER_MEMBER_PREFIX);
    const brokerDatas = queueDatas.flatMap((queue) => {
      const data = this.brokerData(queue.brokerName);
      return data ? [actingAllowed ? withActingMaster(data, queue) : data] : [];
    });
    return { brokerDatas, queueDatas };
  }

  clusterInfo(): ClusterInfo {
    const brokerAddrTable = new Map<string, BrokerData>();
    for (const brokerName of this.brokers.keys()) {
      const data = this.brokerData(brokerName);
      if (data) brokerAddrTable.set(brokerName, data);
    }
    const clusterAddrTable = new Map([...this.clusters].map(([cluster, names]) => [cluster, [...names]]));
    return { brokerAddrTable, clusterAddrTable };
  }

  topicNames(): string[] {
    return [...this.topics.keys()];
  }

  topicsOfCluster(clusterName: string): string[] {
    const names = this.clusters.get(clusterName);
    if (!names) return [];
    return [...this.topics]
      .filter(([, queues]) => [...queues.keys()].some((name) => names.has(name)))
      .map(([topic]) => topic);
  }

  /** Names every broker creates a topic of: its cluster's and its own; and the address of one broker to ask for the rest. */
  systemTopics(): { readonly topicList: string[]; readonly brokerAddr?: string } {
    const topicList = [...this.clusters].flatMap(([cluster, names]) => [cluster, ...names]);
    const [set] = this.brokers.values();
    const [brokerAddr] = set?.addresses.values() ?? [];
    return { topicList: [...new Set(topicList)], ...(brokerAddr !== undefined && { brokerAddr }) };
  }

  /** What the broker registered last; undefined for an unknown one. */
  dataVersion(clusterName: string, brokerAddr: string): DataVersion | undefined {
    return this.known.get(keyOf({ clusterName, brokerAddr }))?.dataVersion;
  }

  private joinCluster(incoming: Registration): BrokerSet {
    const names = this.clusters.get(incoming.clusterName) ?? new Set<string>();
    this.clusters.set(incoming.clusterName, names.add(incoming.brokerName));
    const set = this.brokers.get(incoming.brokerName) ?? {
      cluster: incoming.clusterName,
      zoneName: undefined,
      enableActingMaster: false,
      addresses: new Map<number, string>(),
    };
    set.zoneName = incoming.zoneName;
    set.enableActingMaster = incoming.enableActingMaster ?? false;
    this.brokers.set(incoming.brokerName, set);
    return set;
  }

  /** Two primaries after a failover: the one whose state is newer keeps the id. */
  private holdsNewerState(
    set: BrokerSet,
    { clusterName, brokerId, brokerAddr, dataVersion }: Registration,
  ): boolean {
    const holder = set.addresses.get(brokerId);
    if (holder === undefined || holder === brokerAddr) return false;
    const held = this.dataVersion(clusterName, holder);
    return held !== undefined && held.stateVersion > dataVersion.stateVersion;
  }

  /** Topics are taken from the primary; from the replica with the smallest id only while there is no primary. */
  private mergeTopics(incoming: Registration, set: BrokerSet, isFirst: boolean, dropMissing: boolean): void {
    const { brokerName, brokerId } = incoming;
    const isMaster = brokerId === MASTER_ID;
    const isPrimeSlave =
      !isMaster &&
      incoming.enableActingMaster !== undefined &&
      brokerId === Math.min(...set.addresses.keys());
    if (!isMaster && !isPrimeSlave) return;
    if (dropMissing)
      this.dropTopicsExcept(brokerName, new Set(incoming.topics.map(({ topicName }) => topicName)));
    const before = this.known.get(keyOf(incoming))?.dataVersion;
    const changed = isFirst || before === undefined || !sameDataVersion(before, incoming.dataVersion);
    for (const topic of incoming.topics) {
      if (!changed && this.topics.get(topic.topicName)?.has(brokerName)) continue;
      const perm = isPrimeSlave && set.enableActingMaster ? topic.perm & ~Permission.WRITE : topic.perm;
      this.putQueues(topic.topicName, queuesOf(brokerName, { ...topic, perm }));
    }
  }

  private primaryFor(incoming: Registration, set: BrokerSet): { masterAddr?: string; haServerAddr?: string } {
    const masterAddr = set.addresses.get(MASTER_ID);
    if (incoming.brokerId === MASTER_ID || masterAddr === undefined) return {};
    const master = this.known.get(keyOf({ clusterName: incoming.clusterName, brokerAddr: masterAddr }));
    return master ? { masterAddr, haServerAddr: master.haServerAddr } : {};
  }

  private brokerData(brokerName: string): BrokerData | undefined {
    const set = this.brokers.get(brokerName);
    if (!set) return undefined;
    const { cluster, zoneName, enableActingMaster, addresses } = set;
    return { cluster, brokerName, brokerAddrs: new Map(addresses), enableActingMaster, zoneName };
  }

  private changePermission(brokerName: string, change: (perm: number) => number): number {
    let count = 0;
    for (const queues of this.topics.values()) {
      const queue = queues.get(brokerName);
      if (!queue) continue;
      queues.set(brokerName, { ...queue, perm: change(queue.perm) });
      count++;
    }
    return count;
  }

  private putQueues(topic: string, queue: QueueData): void {
    const queues = this.topics.get(topic) ?? new Map<string, QueueData>();
    this.topics.set(topic, queues.set(queue.brokerName, queue));
  }

  private dropQueues(topic: string, brokerName: string): void {
    const queues = this.topics.get(topic);
    if (queues?.delete(brokerName) && queues.size === 0) this.topics.delete(topic);
  }

  private dropTopicsExcept(brokerName: string, kept: ReadonlySet<string>): void {
    for (const topic of this.topics.keys()) if (!kept.has(topic)) this.dropQueues(topic, brokerName);
  }

  private forgetBroker(brokerName: string): void {
    this.brokers.delete(brokerName);
    for (const [cluster, names] of this.clusters) {
      if (names.delete(brokerName) && names.size === 0) this.clusters.delete(cluster);
    }
    this.dropTopicsExcept(brokerName, new Set());
  }
}

/** A cluster's name cannot hold a control character, so the pair makes one key. */
function keyOf({ clusterName, brokerAddr }: Pick<BrokerAddress, 'clusterName' | 'brokerAddr'>): string {
  return `${clusterName}\u0001${brokerAddr}`;
}

function queuesOf(brokerName: string, topic: TopicConfig): QueueData {
  const { readQueueNums, writeQueueNums, perm, topicSysFlag } = topic;
  return { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag };
}

/** The smallest replica stands in for a missing primary, so that consumers can still lock and pop. */
function withActingMaster(data: BrokerData, queue: QueueData): BrokerData {
  const smallest = Math.min(...data.brokerAddrs.keys());
  const address = data.brokerAddrs.get(smallest);
  const isReadOnly = (queue.perm & Permission.WRITE) === 0;
  if (!data.enableActingMaster || !isReadOnly || smallest === MASTER_ID || address === undefined) return data;
  const others = [...data.brokerAddrs].filter(([id]) => id !== smallest);
  return { ...data, brokerAddrs: new Map([[MASTER_ID, address] as const, ...others]) };
}
