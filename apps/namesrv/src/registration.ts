import {
  bodyCrc,
  decodeDataVersion,
  decodeCompressedRegisterBrokerBody,
  decodeRegisterBrokerBody,
  decodeTopicRouteData,
  FIRST_DATA_VERSION,
  sameDataVersion,
  StatusError,
  type BrokerHeartbeatHeader,
  type DataVersion,
  type Log,
  type QueryDataVersionHeader,
  type RegisterBrokerHeader,
  type RequestContext,
  type TopicConfigWrapper,
  type UnregisterBrokerHeader,
} from '@halfmq/remoting';
import type { NamesrvConfig } from './config/settings.js';
import { ORDER_TOPIC_CONFIG, type KvConfig } from './kv.js';
import type { Liveness } from './liveness.js';
import type { RegisterOutcome, RouteTable } from './route-table.js';

/** Brokers come, give signs of life and leave: keeps the route table and the table of the living in step. */
export class Registration {
  constructor(
    private readonly config: NamesrvConfig,
    private readonly routes: RouteTable,
    private readonly liveness: Liveness,
    private readonly kv: KvConfig,
    private readonly log: Log,
  ) {}

  /** @throws StatusError when the body is damaged, or names one topic of a broker not yet registered as a whole */
  register(
    header: RegisterBrokerHeader,
    { body, peer }: Pick<RequestContext, 'body' | 'peer'>,
  ): RegisterOutcome {
    checkCrc(header.bodyCrc32, body);
    const told = toldBy(header, body);
    const { clusterName, brokerName, brokerId, brokerAddr } = header;
    const outcome = this.routes.register(
      {
        clusterName,
        brokerName,
        brokerId,
        brokerAddr,
        haServerAddr: header.haServerAddr ?? '',
        zoneName: header['__ZONE_NAME'],
        enableActingMaster: header.enableActingMaster,
        dataVersion: told.dataVersion,
        topics: [...told.topicConfigTable.values()],
      },
      { dropMissingTopics: this.config.deleteTopicWithBrokerRegistration },
    );
    if (outcome.kind === 'accepted') this.welcome(header, peer, outcome.isNew);
    else this.liveness.forget(header);
    if (outcome.kind === 'topicTooEarly') throw new StatusError('SYSTEM_ERROR', 'register broker failed');
    return outcome;
  }

  /** @throws StatusError where a broker it names is not registered as a whole: it has to do that first */
  registerTopic(topic: string, body: Buffer): void {
    if (this.routes.registerTopic(topic, decodeTopicRouteData(body).queueDatas)) return;
    throw new StatusError('SYSTEM_ERROR', `topic ${topic} comes from a broker that is not registered`);
  }

  /** topic → its order, for brokers that register; undefined when they are not to be told, or there is nothing to tell */
  orderOfTopics(): ReadonlyMap<string, string> | undefined {
    return this.config.returnOrderTopicConfigToBroker ? this.kv.list(ORDER_TOPIC_CONFIG) : undefined;
  }

  unregister(header: UnregisterBrokerHeader): void {
    this.liveness.forget(header);
    this.routes.unregister(header);
    this.log.info(`broker ${header.brokerName} at ${header.brokerAddr} has left`);
  }

  heartbeat(header: BrokerHeartbeatHeader): void {
    this.liveness.heard(header);
  }

  /** Must the broker register again? Asking is a sign of life. */
  compareVersion(
    header: QueryDataVersionHeader,
    body: Buffer,
  ): { readonly changed: boolean; readonly known: DataVersion | undefined } {
    this.liveness.heard(header);
    const known = this.routes.dataVersion(header.clusterName, header.brokerAddr);
    return { changed: known === undefined || !sameDataVersion(known, decodeDataVersion(body)), known };
  }

  private welcome(header: RegisterBrokerHeader, peer: RequestContext['peer'], isNew: boolean): void {
    this.liveness.registered(header, peer, header.heartbeatTimeoutMillis);
    if (isNew) this.log.info(`broker ${header.brokerName} at ${header.brokerAddr} has registered`);
  }
}

/** A broker may register without a word about its topics. */
function toldBy({ compressed }: RegisterBrokerHeader, body: Buffer): TopicConfigWrapper {
  if (body.length === 0) return { topicConfigTable: new Map(), dataVersion: FIRST_DATA_VERSION };
  const decode = compressed ? decodeCompressedRegisterBrokerBody : decodeRegisterBrokerBody;
  return decode(body).topicConfigSerializeWrapper;
}

/** CRC-32 of the body as it travels, without the sign bit; 0 or none: the sender did not say. */
function checkCrc(expected: number | undefined, body: Buffer): void {
  if (expected === undefined || expected === 0) return;
  if (bodyCrc(body) !== expected) throw new StatusError('SYSTEM_ERROR', 'crc32 not match');
}
