import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  encodeTopicRouteData,
  getRouteinfoByTopic,
  HandlerTable,
  ManualClock,
  RemotingClient,
  RemotingServer,
  silentLog,
  StatusError,
  systemClock,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { NameServers } from './name-servers.js';
import { Routes } from './routes.js';
import type { Topics } from './topics.js';

const STANDARD_JSON = { version: 0, acceptStandardJsonOnly: true };

describe('where topics are', () => {
  let clock: ManualClock;
  let nameServer: RemotingServer;
  let client: RemotingClient;
  let routes: Routes;
  const perms = new Map<string, number>();
  let asked: string[];

  beforeEach(async () => {
    clock = new ManualClock();
    asked = [];
    perms.clear();
    const handlers = new HandlerTable().add(getRouteinfoByTopic, ({ topic }) => {
      asked.push(topic);
      const perm = perms.get(topic);
      if (perm === undefined) throw new StatusError('TOPIC_NOT_EXIST', 'nobody has it');
      const queue = { brokerName: 'b', readQueueNums: 1, writeQueueNums: 1, perm, topicSysFlag: 0 };
      const body = encodeTopicRouteData({ queueDatas: [queue], brokerDatas: [] }, STANDARD_JSON);
      return { status: 'OK', body };
    });
    nameServer = new RemotingServer({ clock: systemClock, log: silentLog, handlers });
    const port = await nameServer.listen(0, '127.0.0.1');
    client = new RemotingClient({ clock: systemClock, log: silentLog });
    const config = { namesrvAddr: `127.0.0.1:${port}` } as BrokerConfig;
    const named = new NameServers(config, clock, silentLog);
    routes = new Routes(config, {} as Topics, named, client, clock, silentLog);
  });
  afterEach(async () => {
    await client.close();
    await nameServer.close({ graceMs: 0 });
  });

  const permOf = async (topic: string) => (await routes.of(topic))?.queueDatas[0]?.perm;

  it('is asked anew after half a minute', async () => {
    perms.set('t', 6);
    expect([await permOf('t'), await permOf('t'), asked]).toEqual([6, 6, ['t']]);
    perms.set('t', 4);
    await clock.advance(30_000);
    expect([await permOf('t'), asked]).toEqual([4, ['t', 't']]);
  });

  it('is nowhere once the name servers no longer know one', async () => {
    perms.set('t', 6);
    expect(await permOf('t')).toBe(6);
    perms.delete('t');
    await clock.advance(30_000);
    expect(await permOf('t')).toBeUndefined();
  });

  it('is as it was while no name server answers, whatever else is asked for', async () => {
    perms.set('t', 6);
    expect(await permOf('t')).toBe(6);
    await nameServer.close({ graceMs: 0 });
    await clock.advance(60_000);
    expect([await permOf('other'), await permOf('t')]).toEqual([undefined, 6]);
    await clock.advance(60_000);
    expect(await permOf('t')).toBe(6);
  });
});
