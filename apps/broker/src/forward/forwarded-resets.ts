import { StatusError } from '@halfmq/remoting';
import type { Resetting } from '../consume/reset.http.js';
import { inQueue, type Asked, type Move } from '../consume/resets.js';
import type { QueuePlace } from '../grpc/brokers.js';
import type { OtherBroker } from '../grpc/elsewhere/other-broker.js';
import type { HeldElsewhere, OtherBrokers } from '../grpc/elsewhere/other-brokers.js';
import { unknown } from './forwarded-messages.js';

/** A group goes on from elsewhere, at all brokers that have the topic. */
export class ForwardedResets implements Resetting {
  constructor(private readonly others: OtherBrokers) {}

  async move(asked: Asked): Promise<Move[]> {
    const held = await this.others.holding(asked.topic);
    if (held.length === 0) throw unknown(asked.topic);
    const moved = chosen(held, asked).map((one) => this.at(one, asked));
    return (await Promise.all(moved)).flat();
  }

  private async at({ broker, queues }: HeldElsewhere, asked: Asked): Promise<Move[]> {
    const { group, topic, timestamp, queueId, offset } = asked;
    const all =
      queueId === undefined ? Array.from({ length: queues.readQueueNums }, (_, id) => id) : [queueId];
    const before = await Promise.all(
      all.map(async (id) => [id, await broker.committed(group, { topic, queueId: id })] as const),
    );
    const from = new Map(before);
    const targets = asked.dryRun
      ? await Promise.all(
          all.map(async (id) => [id, await target(broker, { topic, queueId: id }, asked)] as const),
        )
      : (await broker.reset({ group, topic, timestamp, queueId, offset })).map(
          ([queue, to]) => [queue.queueId, to] as const,
        );
    return targets
      .toSorted(([a], [b]) => a - b)
      .map(([id, to]) => ({ brokerName: broker.name, queueId: id, from: from.get(id), to }));
  }
}

/** @throws StatusError INVALID_PARAMETER */
function chosen(
  held: readonly HeldElsewhere[],
  { topic, brokerName, queueId }: Asked,
): readonly HeldElsewhere[] {
  const names = held.map(({ broker }) => broker.name).join(', ');
  if (brokerName === undefined) {
    if (queueId === undefined || held.length === 1) return held;
    throw new StatusError(
      'INVALID_PARAMETER',
      `brokerName is expected beside queueId: the brokers ${names} have topic ${topic}`,
    );
  }
  const named = held.filter(({ broker }) => broker.name === brokerName);
  if (named.length > 0) return named;
  throw new StatusError(
    'INVALID_PARAMETER',
    `brokerName: the brokers ${names} have topic ${topic}, got ${brokerName}`,
  );
}

/** Where it would go on. */
async function target(broker: OtherBroker, queue: QueuePlace, { timestamp, offset }: Asked): Promise<number> {
  if (offset === undefined) return broker.offsetAt(queue, timestamp < 0 ? 'end' : timestamp);
  return inQueue(offset, await broker.offsetAt(queue, 'first'), await broker.offsetAt(queue, 'end'));
}
