import { describe, expect, it } from '@jest/globals';
import type { MessageQueue } from '@halfmq/remoting';
import fc from 'fast-check';
import { InvalidOption } from '../errors.js';
import {
  byConfig,
  byMachineRoom,
  byMachineRoomNearby,
  strategyOf,
  type AllocationStrategy,
} from './allocation-strategies.js';

const members = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.0.${index}@1`);
const queues = (count: number, brokerName = 'broker-a'): MessageQueue[] =>
  Array.from({ length: count }, (_, queueId) => ({ topic: 'orders', brokerName, queueId }));
const nameOf = ({ brokerName, queueId }: MessageQueue): string => `${brokerName} ${queueId}`;

const ROOMS = {
  roomOfBroker: (brokerName: string) => brokerName.split('@')[0] ?? '',
  roomOfMember: (clientId: string) => (Number(/(\d+)@/.exec(clientId)?.[1]) % 2 === 0 ? 'even' : 'odd'),
};

/** Whatever there is: each queue is read by one member. */
const WHOLE: readonly AllocationStrategy[] = [
  strategyOf(),
  strategyOf('AVG_BY_CIRCLE'),
  strategyOf('CONSISTENT_HASH'),
  byMachineRoom(['even', 'odd', 'nobody']),
  byMachineRoomNearby(ROOMS),
  byMachineRoomNearby(ROOMS, 'CONSISTENT_HASH'),
];

describe.each(WHOLE.map((strategy) => [strategy.name, strategy] as const))('%s', (_, strategy) => {
  it('gives each queue to one member', () => {
    const room = fc.constantFrom('even', 'odd', 'nobody');
    const brokers = fc.uniqueArray(fc.record({ room, count: fc.nat(9) }), {
      selector: (broker) => broker.room,
      maxLength: 3,
    });
    fc.assert(
      fc.property(brokers, fc.integer({ min: 1, max: 12 }), (some, count) => {
        const all = some.flatMap((broker) => queues(broker.count, `${broker.room}@b`));
        const shares = members(count).flatMap((self) => [...strategy.allocate(all, members(count), self)]);
        expect(shares.map(nameOf).sort()).toEqual(all.map(nameOf).sort());
      }),
    );
  });
});

describe('CONSISTENT_HASH', () => {
  it('moves only queues of a member that has left', () => {
    const { allocate } = strategyOf('CONSISTENT_HASH');
    const [gone, ...rest] = members(5);
    for (const self of rest) {
      const before = allocate(queues(64), members(5), self).map(nameOf);
      const after = allocate(queues(64), rest, self).map(nameOf);
      expect(after).toEqual(expect.arrayContaining(before));
    }
    expect(allocate(queues(64), members(5), gone ?? '').length).toBeGreaterThan(0);
  });
});

describe('allocation by machine rooms', () => {
  it('reads only brokers of the rooms it was told, blocks first and then what is left', () => {
    const all = [...queues(5, 'even@b'), ...queues(5, 'odd@b'), ...queues(5)];
    const shares = members(2).map((self) => byMachineRoom(['even']).allocate(all, members(2), self));
    expect(shares.map((share) => share.map(nameOf))).toEqual([
      ['even@b 0', 'even@b 1', 'even@b 4'],
      ['even@b 2', 'even@b 3'],
    ]);
  });

  it('keeps a room to its own members, and shares what nobody is near to', () => {
    const all = [...queues(2, 'even@b'), ...queues(2, 'odd@b'), ...queues(3, 'nobody@b')];
    const shares = members(3).map((self) => byMachineRoomNearby(ROOMS).allocate(all, members(3), self));
    expect(shares.map((share) => share.map(nameOf))).toEqual([
      ['even@b 0', 'nobody@b 0'],
      ['odd@b 0', 'odd@b 1', 'nobody@b 1'],
      ['even@b 1', 'nobody@b 2'],
    ]);
  });
});

describe('allocation by configuration', () => {
  it('reads what it was told of what is there', () => {
    const strategy = byConfig([...queues(1), { topic: 'orders', brokerName: 'gone', queueId: 0 }]);
    expect(strategy.allocate(queues(4), members(2), 'anybody')).toEqual(queues(1));
  });
});

it('says which names there are', () => {
  expect(() => strategyOf('RANDOM' as 'AVG')).toThrow(InvalidOption);
});
