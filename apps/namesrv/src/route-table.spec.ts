import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataVersion, TopicConfig } from '@halfmq/remoting';
import { RouteTable, type Registration } from './route-table.js';

const READ_WRITE = 6;
const READ = 4;

function version(counter: number, stateVersion = 0): DataVersion {
  return { counter, stateVersion, timestamp: 1_700_000_000_000 };
}

function topic(topicName: string, perm = READ_WRITE, queues = 4): TopicConfig {
  return {
    topicName,
    perm,
    readQueueNums: queues,
    writeQueueNums: queues,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  };
}

function broker(brokerName: string, change: Partial<Registration> = {}): Registration {
  return {
    clusterName: 'c1',
    brokerName,
    brokerId: 0,
    brokerAddr: `${brokerName}:10911`,
    haServerAddr: `${brokerName}:10912`,
    enableActingMaster: false,
    dataVersion: version(1),
    topics: [topic('orders'), topic('TBW102', 7, 8)],
    ...change,
  };
}

const addresses = (byId: Record<number, string>): Map<number, string> =>
  new Map(Object.entries(byId).map(([id, address]) => [Number(id), address]));

describe('route table: registration', () => {
  it('answers a route with the queues and all addresses of every broker that holds the topic', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    table.register(broker('b'));
    table.register(broker('b', { brokerId: 1, brokerAddr: 'b2:10911' }));

    const route = table.route('orders');
    expect(route?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['a', 'b']);
    expect(route?.queueDatas[0]).toEqual({
      brokerName: 'a',
      readQueueNums: 4,
      writeQueueNums: 4,
      perm: READ_WRITE,
      topicSysFlag: 0,
    });
    expect(route?.brokerDatas.map(({ brokerAddrs }) => brokerAddrs)).toEqual([
      addresses({ 0: 'a:10911' }),
      addresses({ 0: 'b:10911', 1: 'b2:10911' }),
    ]);
    expect(table.route('unknown')).toBeUndefined();
  });

  it('takes a changed topic only when the data version changed', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    const changed = [topic('orders', READ), topic('TBW102', 7, 8)];
    table.register(broker('a', { topics: changed }));
    expect(table.route('orders')?.queueDatas[0]?.perm).toBe(READ_WRITE);
    table.register(broker('a', { topics: changed, dataVersion: version(2) }));
    expect(table.route('orders')?.queueDatas[0]?.perm).toBe(READ);
  });

  it('takes a topic it does not know even when the data version is the same', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    table.deleteTopic('orders');
    table.register(broker('a'));
    expect(table.route('orders')).toBeDefined();
  });

  it('refuses a single topic of a broker that never registered as a whole, and keeps nothing of it', () => {
    const table = new RouteTable();
    expect(table.register(broker('a', { topics: [topic('orders')] }))).toEqual({ kind: 'topicTooEarly' });
    expect(table.clusterInfo()).toEqual({ brokerAddrTable: new Map(), clusterAddrTable: new Map() });
    table.register(broker('a'));
    expect(table.register(broker('a', { topics: [topic('late')], dataVersion: version(2) })).kind).toBe(
      'accepted',
    );
    expect(table.route('late')).toBeDefined();
    expect(table.route('orders')).toBeDefined();
  });

  it('keeps the id with the address whose state version is higher', () => {
    const table = new RouteTable();
    table.register(broker('a', { dataVersion: version(1, 5) }));
    const old = broker('a', { brokerAddr: 'old:10911', dataVersion: version(9, 4) });
    expect(table.register(old)).toEqual({ kind: 'outdated' });
    expect(table.route('orders')?.brokerDatas[0]?.brokerAddrs).toEqual(addresses({ 0: 'a:10911' }));
    expect(table.register({ ...old, dataVersion: version(9, 6) }).kind).toBe('accepted');
    expect(table.route('orders')?.brokerDatas[0]?.brokerAddrs).toEqual(addresses({ 0: 'old:10911' }));
  });

  it('moves an address that registers under another id', () => {
    const table = new RouteTable();
    table.register(broker('a', { brokerId: 1 }));
    table.register(broker('a', { brokerId: 0 }));
    expect(table.clusterInfo().brokerAddrTable.get('a')?.brokerAddrs).toEqual(addresses({ 0: 'a:10911' }));
  });

  it('tells a replica its primary, and ignores its topics while there is one', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    const answer = table.register(
      broker('a', {
        brokerId: 1,
        brokerAddr: 'r:10911',
        topics: [topic('x'), topic('y')],
        dataVersion: version(8),
      }),
    );
    expect(answer).toEqual({ kind: 'accepted', isNew: true, masterAddr: 'a:10911', haServerAddr: 'a:10912' });
    expect(table.route('x')).toBeUndefined();
  });

  it('takes the topics of the smallest replica, readable only, while there is no primary', () => {
    const table = new RouteTable();
    table.register(broker('a', { brokerId: 1, enableActingMaster: true }));
    expect(table.route('orders')?.queueDatas[0]?.perm).toBe(READ);
    expect(table.route('orders')?.brokerDatas[0]?.brokerAddrs).toEqual(addresses({ 1: 'a:10911' }));
    expect(table.route('orders', { supportActingMaster: true })?.brokerDatas[0]?.brokerAddrs).toEqual(
      addresses({
        0: 'a:10911',
      }),
    );
    const oldBroker = broker('b', {
      brokerId: 1,
      enableActingMaster: undefined,
      topics: [topic('z'), topic('w')],
    });
    table.register(oldBroker);
    expect(table.route('z')).toBeUndefined();
  });

  it('drops topics missing from a full registration only when asked to', () => {
    const table = new RouteTable();
    table.register(broker('a', { topics: [topic('x'), topic('y'), topic('z')] }));
    const fewer = broker('a', { topics: [topic('x'), topic('y')], dataVersion: version(2) });
    table.register(fewer);
    expect(table.route('z')).toBeDefined();
    table.register({ ...fewer, dataVersion: version(3) }, { dropMissingTopics: true });
    expect(table.topicNames().sort()).toEqual(['x', 'y']);
  });
});

describe('route table: leaving and permissions', () => {
  it('forgets a broker name with its last address, from topics and cluster', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    table.register(broker('b'));
    table.unregister(broker('a'));
    expect(table.route('orders')?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['b']);
    table.unregister(broker('b'));
    expect(table.route('orders')).toBeUndefined();
    expect(table.clusterInfo()).toEqual({ brokerAddrTable: new Map(), clusterAddrTable: new Map() });
  });

  it('keeps queues while a replica remains; they lose their write permission only with an acting master', () => {
    for (const [enableActingMaster, perm] of [[false, READ_WRITE] as const, [true, READ] as const]) {
      const table = new RouteTable();
      table.register(broker('a', { enableActingMaster }));
      table.register(broker('a', { brokerId: 1, brokerAddr: 'r:10911', enableActingMaster }));
      table.unregister(broker('a'));
      expect(table.route('orders')?.queueDatas[0]?.perm).toBe(perm);
    }
  });

  it('wipes and restores the write permission of all topics of one broker', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    table.register(broker('b'));
    expect(table.wipeWritePermission('a')).toBe(2);
    expect(table.route('orders')?.queueDatas.map(({ perm }) => perm)).toEqual([READ, READ_WRITE]);
    expect(table.addWritePermission('a')).toBe(2);
    expect(table.route('orders')?.queueDatas.map(({ perm }) => perm)).toEqual([READ_WRITE, READ_WRITE]);
    expect(table.wipeWritePermission('nobody')).toBe(0);
  });

  it('deletes a topic from one cluster or from all', () => {
    const table = new RouteTable();
    table.register(broker('a'));
    table.register(broker('b', { clusterName: 'c2' }));
    table.deleteTopic('orders', 'c1');
    expect(table.route('orders')?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['b']);
    table.deleteTopic('orders');
    expect(table.topicsOfCluster('c2')).toEqual(['TBW102']);
  });

  it('lists clusters and broker names as system topics, with one address', () => {
    const table = new RouteTable();
    expect(table.systemTopics()).toEqual({ topicList: [] });
    table.register(broker('a'));
    expect(table.systemTopics()).toEqual({ topicList: ['c1', 'a'], brokerAddr: 'a:10911' });
  });
});

describe('route table: whatever happens', () => {
  const registration = fc.record({
    clusterName: fc.constantFrom('c1', 'c2'),
    brokerName: fc.constantFrom('a', 'b'),
    brokerId: fc.constantFrom(0, 1, 2),
    brokerAddr: fc.constantFrom('1:1', '2:2', '3:3'),
    haServerAddr: fc.constant('h:1'),
    enableActingMaster: fc.constantFrom(undefined, false, true),
    dataVersion: fc.tuple(fc.nat(3), fc.nat(2)).map(([counter, state]) => version(counter, state)),
    topics: fc.subarray(['x', 'y', 'z']).map((names) => names.map((name) => topic(name))),
  });
  const step = fc.record({ registers: fc.boolean(), registration, dropMissingTopics: fc.boolean() });

  it('names no broker without an address, no cluster without a broker, no topic without both', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = new RouteTable();
        for (const { registers, registration: from, dropMissingTopics } of steps) {
          if (registers) table.register(from, { dropMissingTopics });
          else table.unregister(from);
          assertWhole(table);
        }
      }),
    );
  });

  it('is empty again when every address has left', () => {
    fc.assert(
      fc.property(fc.array(registration, { maxLength: 20 }), (registrations) => {
        const table = new RouteTable();
        for (const from of registrations) table.register(from);
        for (const from of registrations) table.unregister(from);
        expect(table.topicNames()).toEqual([]);
        expect(table.clusterInfo()).toEqual({ brokerAddrTable: new Map(), clusterAddrTable: new Map() });
      }),
    );
  });

  function assertWhole(table: RouteTable): void {
    const { brokerAddrTable, clusterAddrTable } = table.clusterInfo();
    for (const { brokerAddrs } of brokerAddrTable.values()) {
      expect(brokerAddrs.size).toBeGreaterThan(0);
      expect(new Set(brokerAddrs.values()).size).toBe(brokerAddrs.size);
    }
    for (const names of clusterAddrTable.values()) {
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect(brokerAddrTable.has(name)).toBe(true);
    }
    for (const name of table.topicNames()) {
      const route = table.route(name);
      expect(route?.brokerDatas).toHaveLength(route?.queueDatas.length ?? -1);
      for (const { brokerName } of route?.queueDatas ?? [])
        expect(brokerAddrTable.has(brokerName)).toBe(true);
    }
  }
});
