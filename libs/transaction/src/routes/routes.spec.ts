import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  encodeTopicRouteData,
  getRouteinfoByTopic,
  HandlerTable,
  ManualClock,
  Permission,
  RemotingClient,
  RemotingServer,
  silentLog,
  systemClock,
  type Outcome,
  type TopicRouteData,
} from '@halfmq/remoting';
import { NameServers } from './name-servers.js';
import { Routes } from './routes.js';
import { DEFAULT_TOPIC } from './topic-route.js';

const TOPIC = 'orders';
const UNKNOWN: Outcome = { status: 'TOPIC_NOT_EXIST' };

/** A route to one broker with one queue. */
const routeTo = (brokerName: string): TopicRouteData => ({
  orderTopicConf: undefined,
  queueDatas: [
    {
      brokerName,
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: Permission.READ | Permission.WRITE,
      topicSysFlag: 0,
    },
  ],
  brokerDatas: [{ cluster: 'c', brokerName, brokerAddrs: new Map([[0, `${brokerName}:1`]]) }],
});

describe('what a client knows of topics', () => {
  /** topic → its route, as the name server says it */
  const said = new Map<string, TopicRouteData>();
  let server: RemotingServer;
  let remoting: RemotingClient;
  let routes: Routes;

  beforeEach(async () => {
    const handlers = new HandlerTable().add(getRouteinfoByTopic, ({ topic }, asker) => {
      const route = said.get(topic);
      return route ? { status: 'OK', body: encodeTopicRouteData(route, asker) } : UNKNOWN;
    });
    server = new RemotingServer({ clock: systemClock, log: silentLog, handlers });
    const address = `127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    const clock = new ManualClock();
    remoting = new RemotingClient({ clock, log: silentLog });
    routes = new Routes(clock, silentLog, new NameServers(remoting, clock, silentLog, address, 3_000));
  });
  afterEach(async () => {
    said.clear();
    await remoting.close();
    await server.close({ graceMs: 0 });
  });

  const brokersOf = async (topic: string): Promise<string[]> =>
    (await routes.publishQueues(topic)).map(({ brokerName }) => brokerName);

  it('not yet created follows the brokers that would create them', async () => {
    said.set(DEFAULT_TOPIC, routeTo('old'));
    expect(await brokersOf(TOPIC)).toEqual(['old']);
    said.set(DEFAULT_TOPIC, routeTo('new'));
    await routes.poll();
    expect(await brokersOf(TOPIC)).toEqual(['new']);
  });

  it('is kept when a name server has forgotten it', async () => {
    said.set(TOPIC, routeTo('own'));
    expect(await brokersOf(TOPIC)).toEqual(['own']);
    said.clear();
    await routes.poll();
    expect(await brokersOf(TOPIC)).toEqual(['own']);
  });

  it('is what a topic itself says, once it is created', async () => {
    said.set(DEFAULT_TOPIC, routeTo('template'));
    expect(await brokersOf(TOPIC)).toEqual(['template']);
    said.set(TOPIC, routeTo('own'));
    await routes.poll();
    expect(await brokersOf(TOPIC)).toEqual(['own']);
  });
});
