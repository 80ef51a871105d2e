import { createHash } from 'node:crypto';
import { ALLOCATIONS, type MessageQueue } from '@halfmq/remoting';
import { InvalidOption } from '../errors.js';
import { queueKey } from '../routes/topic-route.js';

/**
 * Which member of a group reads which queues. All members work it out for themselves, so all must have the same strategy, and
 * members in other languages the same one of RocketMQ's client, which the names are from.
 */
export interface AllocationStrategy {
  readonly name: string;
  /**
   * @param queues of one topic, sorted
   * @param members client ids, sorted; `self` is one of them
   */
  allocate(
    queues: readonly MessageQueue[],
    members: readonly string[],
    self: string,
  ): readonly MessageQueue[];
}

/** By its name, those that need nothing to be told. */
export type NamedAllocation = 'AVG' | 'AVG_BY_CIRCLE' | 'CONSISTENT_HASH';

/** Points of each member on the ring. */
const VIRTUAL_NODES = 10;

/**
 * A member that comes or goes moves few queues of the others; shares are uneven (AllocateMessageQueueConsistentHash, with its
 * MD5 ring and its names of points).
 */
const consistentHash: AllocationStrategy['allocate'] = (queues, members, self) => {
  const ring = members
    .flatMap((member) =>
      Array.from({ length: VIRTUAL_NODES }, (_, nth) => ({ at: pointOf(`${member}-${nth}`), member })),
    )
    .sort((a, b) => a.at - b.at);
  return queues.filter(({ topic, brokerName, queueId }) => {
    // as MessageQueue.toString() says it in Java
    const at = pointOf(`MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`);
    return (ring.find((point) => point.at >= at) ?? ring[0])?.member === self;
  });
};

function pointOf(text: string): number {
  return createHash('md5').update(text).digest().readUInt32BE();
}

/** @throws InvalidOption */
export function strategyOf(wanted: NamedAllocation | AllocationStrategy = 'AVG'): AllocationStrategy {
  if (typeof wanted !== 'string') return wanted;
  const allocate = wanted === 'CONSISTENT_HASH' ? consistentHash : ALLOCATIONS.get(wanted);
  if (allocate) return { name: wanted, allocate };
  throw new InvalidOption(
    `allocation: AVG, AVG_BY_CIRCLE, CONSISTENT_HASH or an AllocationStrategy expected, got ${JSON.stringify(wanted)}`,
  );
}

/** CONFIG: this member reads these queues, whoever else is there; that each is read once is up to who configures. */
export function byConfig(queues: readonly MessageQueue[]): AllocationStrategy {
  const own = new Set(queues.map(queueKey));
  return { name: 'CONFIG', allocate: (all) => all.filter((queue) => own.has(queueKey(queue))) };
}

/** MACHINE_ROOM: of brokers whose names are `room@name`, those of these rooms, averagely: blocks, then what is left one by one. */
export function byMachineRoom(rooms: readonly string[]): AllocationStrategy {
  return {
    name: 'MACHINE_ROOM',
    allocate(all, members, self) {
      const queues = all.filter(({ brokerName }) => {
        const parts = brokerName.split('@');
        return parts.length === 2 && rooms.includes(parts[0] ?? '');
      });
      const index = members.indexOf(self);
      const each = Math.floor(queues.length / members.length);
      const last = queues[index + each * members.length];
      return [...queues.slice(index * each, (index + 1) * each), ...(last ? [last] : [])];
    },
  };
}

export interface MachineRooms {
  roomOfBroker(brokerName: string): string;
  roomOfMember(clientId: string): string;
}

/** MACHINE_ROOM_NEARBY: a room's queues go to its own members; those of rooms without members to all. */
export function byMachineRoomNearby(
  rooms: MachineRooms,
  within: NamedAllocation | AllocationStrategy = 'AVG',
): AllocationStrategy {
  const inner = strategyOf(within);
  const roomOf = ({ brokerName }: MessageQueue): string => rooms.roomOfBroker(brokerName);
  return {
    name: `MACHINE_ROOM_NEARBY-${inner.name}`,
    allocate(queues, members, self) {
      const own = rooms.roomOfMember(self);
      const inhabited = new Set(members.map((member) => rooms.roomOfMember(member)));
      const neighbours = members.filter((member) => rooms.roomOfMember(member) === own);
      return [...new Set(queues.map(roomOf))].flatMap((room) => {
        const those = queues.filter((queue) => roomOf(queue) === room);
        if (room === own) return inner.allocate(those, neighbours, self);
        return inhabited.has(room) ? [] : inner.allocate(those, members, self);
      });
    },
  };
}
