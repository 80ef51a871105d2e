import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeDataVersion,
  decodeRegisterBrokerBody,
  DONE,
  encodeDataVersion,
  HandlerTable,
  Permission,
  queryDataVersion,
  registerBroker,
  registerTopicInNamesrv,
  RemotingServer,
  silentLog,
  systemClock,
  unregisterBroker,
  updateAndCreateTopic,
  type DataVersion,
  type Outcome,
} from '@halfmq/remoting';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { InProcessBroker } from '../kit/in-process.js';
import { NamesrvCaller, VERSION } from '../kit/namesrv-caller.js';
import { until } from '../kit/until.js';

/** More than a broker tells as a whole each time. */
const MANY = 300;

describe('a broker of many topics', () => {
  const open: { close(): unknown }[] = [];
  let namesrv: RunningNamesrv;
  let broker: InProcessBroker;
  let tool: NamesrvCaller;

  const startNameServer = async (port = 0): Promise<RunningNamesrv> => {
    const started = await startNamesrv({ port, properties: { bindAddress: '127.0.0.1' }, env: {} });
    open.push(started);
    return started;
  };
  const startBroker = async (namesrvAddr: string): Promise<InProcessBroker> => {
    const started = await InProcessBroker.start({ properties: { namesrvAddr } });
    open.push(started);
    return started;
  };
  const make = async (topic: string, queues = 1): Promise<number> => {
    const perm = Permission.READ | Permission.WRITE;
    const header = { topic, readQueueNums: queues, writeQueueNums: queues, perm };
    return (await broker.ask(updateAndCreateTopic, header)).code;
  };
  const makeMany = (): Promise<number[]> =>
    Promise.all(Array.from({ length: MANY }, (_, nth) => make(`T${nth}`)));

  beforeEach(async () => {
    namesrv = await startNameServer();
    broker = await startBroker(namesrv.address);
    tool = new NamesrvCaller(namesrv);
    open.push(tool.client);
  });
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.close();
  });

  /** What the name server has of the broker as a whole. */
  async function wholeOf(): Promise<DataVersion> {
    const { name: brokerName, address: brokerAddr } = broker.broker;
    const header = { brokerName, brokerAddr, clusterName: 'DefaultCluster', brokerId: 0 };
    return decodeDataVersion((await tool.ok(queryDataVersion, header, encodeDataVersion(VERSION))).body);
  }

  it('tells its name server of one that has changed, not of all', async () => {
    await makeMany();
    const before = await wholeOf();
    expect(await make('one-more', 3)).toBe(0);
    expect((await tool.route('one-more'))?.queueDatas).toMatchObject([{ readQueueNums: 3, perm: 6 }]);
    expect(await make('T7', 5)).toBe(0);
    expect((await tool.route('T7'))?.queueDatas).toMatchObject([{ readQueueNums: 5 }]);
    expect(await wholeOf()).toEqual(before);
  });

  it('tells everything to a name server that has forgotten it', async () => {
    await makeMany();
    await namesrv.close();
    await startNameServer(namesrv.port);
    expect(await make('one-more')).toBe(0);
    expect(await tool.brokersOf('one-more')).toEqual([broker.broker.name]);
    expect(await tool.brokersOf('T7')).toEqual([broker.broker.name]);
  });

  it('tells everything to a name server of RocketMQ 4, which knows no registration of one topic', async () => {
    const told: number[] = [];
    const handlers = new HandlerTable().add(registerBroker, (_, { body }) => {
      const { topicConfigTable } = decodeRegisterBrokerBody(Buffer.from(body)).topicConfigSerializeWrapper;
      told.push(topicConfigTable.size);
      return DONE;
    });
    const old = new RemotingServer({ clock: systemClock, log: silentLog, handlers });
    open.push(old);
    broker = await startBroker(`127.0.0.1:${await old.listen(0, '127.0.0.1')}`);
    await makeMany();
    told.length = 0;
    expect(await make('one-more')).toBe(0);
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThan(MANY);
  });

  describe('that stops', () => {
    let said: string[];
    let answer: (name: string) => Promise<Outcome>;
    let address: string;
    beforeEach(async () => {
      said = [];
      answer = async () => DONE;
      const hear = (name: string) => (): Promise<Outcome> => {
        said.push(name);
        return answer(name);
      };
      const handlers = new HandlerTable()
        .add(registerBroker, hear('all'))
        .add(registerTopicInNamesrv, hear('one'))
        .add(unregisterBroker, hear('good-bye'));
      const own = new RemotingServer({ clock: systemClock, log: silentLog, handlers });
      open.push({ close: () => own.close({ graceMs: 0 }) });
      address = `127.0.0.1:${await own.listen(0, '127.0.0.1')}`;
    });

    it('tells a name server good-bye after its first registration, which is on its way', async () => {
      let registered = (): void => undefined;
      answer = (name) =>
        name === 'all' ? new Promise((resolve) => (registered = () => resolve(DONE))) : Promise.resolve(DONE);
      broker = await startBroker(address);
      await until('it registers', () => said.length === 1);
      const closed = broker.close();
      registered();
      await closed;
      expect(said).toEqual(['all', 'good-bye']);
    });

    it('does not register again when one topic is refused meanwhile', async () => {
      broker = await startBroker(address);
      await makeMany();
      said.length = 0;
      let refuse = (): void => undefined;
      answer = async (name) => {
        if (name === 'good-bye') refuse();
        if (name !== 'one') return DONE;
        return new Promise((resolve) => (refuse = () => resolve({ status: 'SYSTEM_ERROR', remark: 'no' })));
      };
      const made = make('one-more').catch(() => 0);
      await until('it is told', () => said.length === 1);
      await Promise.all([broker.close(), made]);
      expect(said).toEqual(['one', 'good-bye']);
    });
  });
});
