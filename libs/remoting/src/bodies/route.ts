import { Version } from '../codes.js';
import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';

/** A topic's queues on one broker. */
export interface QueueData {
  readonly brokerName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** Permission */
  readonly perm: number;
  readonly topicSysFlag: number;
}

/** A broker's addresses by id: 0 is the primary. */
export interface BrokerData {
  readonly cluster: string;
  readonly brokerName: string;
  readonly brokerAddrs: ReadonlyMap<number, string>;
  readonly zoneName?: string | undefined;
  readonly enableActingMaster?: boolean | undefined;
}

/** Answer of GET_ROUTEINFO_BY_TOPIC. */
export interface TopicRouteData {
  readonly queueDatas: readonly QueueData[];
  readonly brokerDatas: readonly BrokerData[];
  /** `brokerA:8;brokerB:8`, of topics with a global order */
  readonly orderTopicConf?: string | undefined;
}

/**
 * Clients before 4.9.4 are sent broker ids as bare number keys, as fastjson wrote them; later ones, and whoever asks
 * for it, standard JSON.
 */
export function encodeTopicRouteData(
  route: TopicRouteData,
  asker: { readonly version: number; readonly acceptStandardJsonOnly?: boolean | undefined },
): Buffer {
  const bareNumbers = asker.version < Version.V4_9_4 && asker.acceptStandardJsonOnly !== true;
  return jsonBody(
    {
      brokerDatas: route.brokerDatas.map(brokerDataJson),
      filterServerTable: {},
      orderTopicConf: route.orderTopicConf,
      // both spellings: 4.8 and older, and the Go client, read topicSynFlag
      queueDatas: route.queueDatas.map((queue) => ({
        brokerName: queue.brokerName,
        perm: queue.perm,
        readQueueNums: queue.readQueueNums,
        topicSynFlag: queue.topicSysFlag,
        topicSysFlag: queue.topicSysFlag,
        writeQueueNums: queue.writeQueueNums,
      })),
    },
    { bareNumbers },
  );
}

export function decodeTopicRouteData(body: Buffer): TopicRouteData {
  const reader = BodyReader.of('TopicRouteData', body);
  return {
    queueDatas: reader.objects('queueDatas', readQueueData),
    brokerDatas: reader.objects('brokerDatas', readBrokerData),
    orderTopicConf: reader.optionalText('orderTopicConf'),
  };
}

export function brokerDataJson(broker: BrokerData): object {
  return {
    brokerAddrs: broker.brokerAddrs,
    brokerName: broker.brokerName,
    cluster: broker.cluster,
    enableActingMaster: broker.enableActingMaster ?? false,
    zoneName: broker.zoneName,
  };
}

export function readBrokerData(reader: BodyReader): BrokerData {
  const addresses = [...reader.textTable('brokerAddrs')].map(
    ([id, address]) => [Number(id), address] as const,
  );
  return {
    cluster: reader.text('cluster', ''),
    brokerName: reader.text('brokerName'),
    brokerAddrs: new Map(addresses),
    zoneName: reader.optionalText('zoneName'),
    enableActingMaster: reader.flag('enableActingMaster', false),
  };
}

function readQueueData(reader: BodyReader): QueueData {
  return {
    brokerName: reader.text('brokerName'),
    readQueueNums: reader.number('readQueueNums'),
    writeQueueNums: reader.number('writeQueueNums'),
    perm: reader.number('perm'),
    topicSysFlag: reader.number('topicSysFlag', reader.number('topicSynFlag', 0)),
  };
}
