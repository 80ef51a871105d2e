import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addWritePermOfBroker,
  addWritePermOfBrokerResponse,
  brokerHeartbeat,
  decodeClusterInfo,
  decodeDataVersion,
  decodeKvTable,
  decodeTopicList,
  deleteTopicInNamesrv,
  encodeDataVersion,
  getAllTopicListFromNameserver,
  getBrokerClusterInfo,
  getKvConfig,
  getKvConfigResponse,
  getRouteinfoByTopic,
  getSystemTopicListFromNs,
  getTopicsByCluster,
  ManualClock,
  putKvConfig,
  queryDataVersion,
  queryDataVersionResponse,
  registerBroker,
  registerBrokerResponse,
  statusOfCode,
  unregisterBroker,
  wipeWritePermOfBroker,
  wipeWritePermOfBrokerResponse,
  type RequestSpec,
} from '@halfmq/remoting';
import { startNamesrv, type NamesrvOptions, type RunningNamesrv } from '@halfmq/namesrv';
import { brokerOf, NamesrvCaller, VERSION } from '../kit/namesrv-caller.js';
import { until } from '../kit/until.js';

describe('name server', () => {
  let namesrv: RunningNamesrv;
  const open: { close(): Promise<void> }[] = [];

  async function start(options: NamesrvOptions = {}): Promise<RunningNamesrv> {
    const started = await startNamesrv({
      port: 0,
      properties: { bindAddress: '127.0.0.1' },
      env: {},
      ...options,
    });
    open.push(started);
    return started;
  }

  function caller(of: RunningNamesrv = namesrv, version?: number): NamesrvCaller {
    const made = new NamesrvCaller(of, version);
    open.unshift(made.client);
    return made;
  }

  beforeEach(async () => {
    namesrv = await start();
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  it.each([false, true])(
    'answers the route of what a broker registered (compressed: %s)',
    async (compressed) => {
      const broker = caller();
      expect((await broker.register('a', { compressed })).code).toBe(0);
      const route = await broker.route('orders');
      expect(route?.queueDatas).toEqual([
        { brokerName: 'a', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 },
      ]);
      expect([...(route?.brokerDatas[0]?.brokerAddrs ?? [])]).toEqual([[0, 'a:10911']]);
      const unknown = await broker.ask(getRouteinfoByTopic, { topic: 'nothing' });
      expect(statusOfCode(unknown.code)).toBe('TOPIC_NOT_EXIST');
      expect(unknown.remark).toContain('No topic route info in name server for the topic: nothing');
    },
  );

  it('quotes number keys for those who read standard JSON, and for nobody else', async () => {
    const [old, young] = [caller(namesrv, 300), caller(namesrv, 401)];
    await old.register('a');
    const bare = (await old.ok(getRouteinfoByTopic, { topic: 'orders' })).body.toString();
    expect(bare).toContain('"brokerAddrs":{0:"a:10911"}');
    const asked = (
      await old.ok(getRouteinfoByTopic, { topic: 'orders', acceptStandardJsonOnly: true })
    ).body.toString();
    const standard = (await young.ok(getRouteinfoByTopic, { topic: 'orders' })).body.toString();
    expect(standard).toBe(asked);
    expect(JSON.parse(standard)).toMatchObject({
      brokerDatas: [{ brokerAddrs: { '0': 'a:10911' }, cluster: 'DefaultCluster' }],
      queueDatas: [{ topicSysFlag: 0, topicSynFlag: 0 }],
    });
  });

  it('refuses a damaged registration and keeps nothing of it', async () => {
    const broker = caller();
    const answer = await broker.register('a', { header: { bodyCrc32: 7 } });
    expect(answer).toMatchObject({ code: 1, remark: 'crc32 not match' });
    expect(await broker.route('orders')).toBeUndefined();
    const one = await broker.register('a', { topics: ['orders'] });
    expect(one).toMatchObject({ code: 1, remark: 'register broker failed' });
    const cut = await broker.ask(
      registerBroker,
      { ...brokerOf('a'), compressed: true },
      Buffer.from('no stream'),
    );
    expect(statusOfCode(cut.code)).toBe('INVALID_PARAMETER');
  });

  it('tells a replica where its primary is', async () => {
    const [primary, replica] = [caller(), caller()];
    await primary.register('a');
    const answer = await replica.register('a', { header: { brokerId: 1, brokerAddr: 'a2:10911' } });
    expect(registerBrokerResponse.decode(answer.extFields ?? {})).toMatchObject({
      masterAddr: 'a:10911',
      haServerAddr: 'a:10912',
    });
  });

  it('forgets a broker at once when it leaves, or when its connection closes', async () => {
    const [a, b, client] = [caller(), caller(), caller()];
    await a.register('a');
    await b.register('b');
    expect(await client.brokersOf('orders')).toEqual(['a', 'b']);
    await a.ok(unregisterBroker, brokerOf('a'));
    expect(await client.brokersOf('orders')).toEqual(['b']);
    await b.client.close();
    await until('the broker is forgotten', async () => (await client.route('orders')) === undefined);
    const info = decodeClusterInfo((await client.ok(getBrokerClusterInfo, {})).body);
    expect(info).toEqual({ brokerAddrTable: new Map(), clusterAddrTable: new Map() });
  });

  it('forgets a broker after 120 s of silence; heartbeats and version questions are no silence', async () => {
    const clock = new ManualClock();
    const moved = await start({ clock });
    const [quiet, beating, asking] = [caller(moved), caller(moved), caller(moved)];
    await quiet.register('quiet');
    await beating.register('beating');
    await asking.register('asking');
    for (let i = 0; i < 3; i++) {
      await clock.advance(50_000);
      await beating.ok(brokerHeartbeat, brokerOf('beating'));
      await asking.ok(queryDataVersion, brokerOf('asking'), encodeDataVersion(VERSION));
    }
    expect(await asking.brokersOf('orders')).toEqual(['beating', 'asking']);
  });

  it('says whether a broker must register again', async () => {
    const broker = caller();
    const changed = async (counter: number): Promise<boolean> => {
      const answer = await broker.ok(
        queryDataVersion,
        brokerOf('a'),
        encodeDataVersion({ ...VERSION, counter }),
      );
      if (answer.body.length > 0) expect(decodeDataVersion(answer.body)).toEqual(VERSION);
      return queryDataVersionResponse.decode(answer.extFields ?? {}).changed;
    };
    expect(await changed(1)).toBe(true);
    await broker.register('a');
    expect(await changed(1)).toBe(false);
    expect(await changed(2)).toBe(true);
  });

  it('lists brokers and topics, deletes topics, takes and gives back the permission to write', async () => {
    const tool = caller();
    await tool.register('a', { topics: ['x', 'y'] });
    const list = async <H>(spec: RequestSpec<H>, header: H): Promise<unknown> =>
      decodeTopicList((await tool.ok(spec, header)).body);
    expect(await list(getAllTopicListFromNameserver, {})).toMatchObject({ topicList: ['x', 'y'] });
    expect(await list(getTopicsByCluster, { cluster: 'DefaultCluster' })).toMatchObject({
      topicList: ['x', 'y'],
    });
    expect(await list(getTopicsByCluster, { cluster: 'other' })).toMatchObject({ topicList: [] });
    expect(await list(getSystemTopicListFromNs, {})).toEqual({
      topicList: ['DefaultCluster', 'a'],
      brokerAddr: 'a:10911',
    });

    const wiped = await tool.ok(wipeWritePermOfBroker, { brokerName: 'a' });
    expect(wipeWritePermOfBrokerResponse.decode(wiped.extFields ?? {}).wipeTopicCount).toBe(2);
    expect((await tool.route('x'))?.queueDatas[0]?.perm).toBe(4);
    const added = await tool.ok(addWritePermOfBroker, { brokerName: 'a' });
    expect(addWritePermOfBrokerResponse.decode(added.extFields ?? {}).addTopicCount).toBe(2);
    expect((await tool.route('x'))?.queueDatas[0]?.perm).toBe(6);

    await tool.ok(deleteTopicInNamesrv, { topic: 'x' });
    expect(await tool.route('x')).toBeUndefined();
  });

  it('keeps keys and values, and tells brokers the order of ordered topics', async () => {
    const ordered = await start({ properties: { orderMessageEnable: 'true', bindAddress: '127.0.0.1' } });
    const tool = caller(ordered);
    const missing = await tool.ask(getKvConfig, { namespace: 'ORDER_TOPIC_CONFIG', key: 'orders' });
    expect(statusOfCode(missing.code)).toBe('QUERY_NOT_FOUND');
    await tool.ok(putKvConfig, { namespace: 'ORDER_TOPIC_CONFIG', key: 'orders', value: 'a:4' });
    const answer = await tool.ok(getKvConfig, { namespace: 'ORDER_TOPIC_CONFIG', key: 'orders' });
    expect(getKvConfigResponse.decode(answer.extFields ?? {}).value).toBe('a:4');
    expect(decodeKvTable((await tool.register('a')).body)).toEqual(new Map([['orders', 'a:4']]));
    expect((await tool.route('orders'))?.orderTopicConf).toBe('a:4');
  });

  it('stands beside others that know nothing of it', async () => {
    const second = await start();
    const [first, other] = [caller(), caller(second)];
    await first.register('a');
    await other.register('b');
    expect(await first.brokersOf('orders')).toEqual(['a']);
    expect(await other.brokersOf('orders')).toEqual(['b']);
    await second.close();
    expect(await first.brokersOf('orders')).toEqual(['a']);
  });

  it('gives out no route while it waits for brokers', async () => {
    const clock = new ManualClock();
    const waiting = await start({
      clock,
      properties: { needWaitForService: 'true', bindAddress: '127.0.0.1' },
    });
    const client = caller(waiting);
    await client.register('a');
    expect(await client.ask(getRouteinfoByTopic, { topic: 'orders' })).toMatchObject({
      code: 1,
      remark: 'name server not ready',
    });
    await clock.advance(45_000);
    expect(await client.brokersOf('orders')).toEqual(['a']);
  });

  it('answers an unknown request with 3 and goes on', async () => {
    const client = caller();
    const unknown: RequestSpec<object> = { ...getBrokerClusterInfo, code: 4711, name: 'UNKNOWN' };
    expect((await client.ask(unknown, {})).code).toBe(3);
    expect((await client.ask(getBrokerClusterInfo, {})).code).toBe(0);
  });

  it('says port, asker and option when the port is taken', async () => {
    await expect(start({ port: namesrv.port })).rejects.toThrow(
      `port ${namesrv.port} on 127.0.0.1 is taken: the name server asked for it (listenPort; --port chooses another)`,
    );
  });
});
