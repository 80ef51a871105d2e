import {
  bodyCrc,
  decodeTopicRouteData,
  encodeCompressedRegisterBrokerBody,
  encodeRegisterBrokerBody,
  getRouteinfoByTopic,
  registerBroker,
  RemotingClient,
  silentLog,
  statusOfCode,
  systemClock,
  topicConfig,
  type Command,
  type RegisterBrokerHeader,
  type RequestSpec,
  type TopicRouteData,
} from '@halfmq/remoting';
import type { RunningNamesrv } from '@halfmq/namesrv';

/** What a broker registers with, unless a test says otherwise. */
export const VERSION = { counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 };

/** A client of one name server, which may also speak for a broker. */
export class NamesrvCaller {
  readonly client: RemotingClient;

  constructor(
    private readonly namesrv: RunningNamesrv,
    version?: number,
  ) {
    this.client = new RemotingClient({ clock: systemClock, log: silentLog, version });
  }

  ask<H>(spec: RequestSpec<H>, header: H, body?: Buffer): Promise<Command> {
    return this.client.request(this.namesrv.address, spec, header, body, { timeoutMs: 5_000 });
  }

  async ok<H>(spec: RequestSpec<H>, header: H, body?: Buffer): Promise<Command> {
    const answer = await this.ask(spec, header, body);
    if (answer.code !== 0) throw new Error(`${spec.name}: ${answer.code} ${answer.remark}`);
    return answer;
  }

  register(
    brokerName: string,
    given: {
      topics?: string[];
      counter?: number;
      compressed?: boolean;
      header?: Partial<RegisterBrokerHeader>;
    } = {},
  ): Promise<Command> {
    const { topics = ['orders', 'TBW102'], counter = 1, compressed = false } = given;
    const told = {
      topicConfigSerializeWrapper: {
        topicConfigTable: new Map(
          topics.map((name) => [name, topicConfig(name, { readQueueNums: 4, writeQueueNums: 4 })]),
        ),
        dataVersion: { ...VERSION, counter },
      },
      filterServerList: [],
    };
    const body = compressed ? encodeCompressedRegisterBrokerBody(told) : encodeRegisterBrokerBody(told);
    return this.ask(
      registerBroker,
      { ...brokerOf(brokerName), compressed, bodyCrc32: bodyCrc(body), ...given.header },
      body,
    );
  }

  async route(topic: string): Promise<TopicRouteData | undefined> {
    const answer = await this.ask(getRouteinfoByTopic, { topic });
    if (statusOfCode(answer.code) === 'TOPIC_NOT_EXIST') return undefined;
    return decodeTopicRouteData(answer.body);
  }

  async brokersOf(topic: string): Promise<string[]> {
    return (await this.route(topic))?.brokerDatas.map(({ brokerName }) => brokerName) ?? [];
  }
}

/** The header of a primary of this name. */
export function brokerOf(brokerName: string): RegisterBrokerHeader {
  return {
    brokerName,
    brokerAddr: `${brokerName}:10911`,
    clusterName: 'DefaultCluster',
    haServerAddr: `${brokerName}:10912`,
    brokerId: 0,
  };
}
