import { getMaxOffset, getMinOffset, offsetResponse, type MessageQueue } from '@halfmq/remoting';
import type { BrokerRequests } from '../../broker-requests.js';
import { InvalidOption, NoRoute } from '../../errors.js';
import type { Routes } from '../../routes/routes.js';
import { startOffset } from '../start-offset.js';
import type { SeekTarget } from './lite-options.js';

/**
 * @returns the offset of a place in a queue
 * @throws InvalidOption for an offset that lies outside it; NoRoute, BrokerUnreachable, BrokerRefused
 */
export async function offsetOf(
  queue: MessageQueue,
  to: SeekTarget,
  routes: Routes,
  brokers: BrokerRequests,
): Promise<number> {
  if (to === 'last' || to instanceof Date) return startOffset(queue, to, routes, brokers);
  const { topic, queueId, brokerName } = queue;
  const address = routes.addressOf(brokerName);
  if (address === undefined) throw new NoRoute(topic, `broker ${brokerName} is not known now`);
  const ask = async (spec: typeof getMinOffset | typeof getMaxOffset): Promise<number> => {
    const header = { topic, queueId, bname: brokerName };
    const answer = await brokers.call({ brokerName, address }, { spec, header });
    return offsetResponse.decode(answer.extFields ?? {}).offset;
  };
  const [first, last] = await Promise.all([ask(getMinOffset), ask(getMaxOffset)]);
  if (to === 'first') return first;
  if (Number.isInteger(to) && to >= first && to <= last) return to;
  throw new InvalidOption(
    `seek: queue ${queueId} of ${topic} has the offsets ${first} to ${last}, got ${to}`,
  );
}
