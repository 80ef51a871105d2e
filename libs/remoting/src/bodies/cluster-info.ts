import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';
import { brokerDataJson, readBrokerData, type BrokerData } from './route.js';

/** Answer of GET_BROKER_CLUSTER_INFO. */
export interface ClusterInfo {
  /** by broker name */
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>;
  /** cluster → broker names */
  readonly clusterAddrTable: ReadonlyMap<string, readonly string[]>;
}

export function encodeClusterInfo(info: ClusterInfo): Buffer {
  const brokers = [...info.brokerAddrTable].map(([name, broker]) => [name, brokerDataJson(broker)] as const);
  return jsonBody({ brokerAddrTable: new Map(brokers), clusterAddrTable: info.clusterAddrTable });
}

export function decodeClusterInfo(body: Buffer): ClusterInfo {
  const reader = BodyReader.of('ClusterInfo', body);
  const clusters = reader.object('clusterAddrTable');
  return {
    brokerAddrTable: reader.table('brokerAddrTable', readBrokerData),
    clusterAddrTable: new Map(
      reader.entries('clusterAddrTable', (_, __, cluster) => clusters.texts(cluster)),
    ),
  };
}
