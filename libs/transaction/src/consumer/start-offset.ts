import {
  getMaxOffset,
  offsetResponse,
  searchOffsetByTimestamp,
  type MessageQueue,
  type RequestSpec,
} from '@halfmq/remoting';
import type { BrokerRequests } from '../broker-requests.js';
import { NoRoute } from '../errors.js';
import type { Routes } from '../routes/routes.js';
import type { StartPosition } from './consumer-options.js';
import { isRetryTopic } from './send-back.js';

/**
 * Where a group begins a queue it has no offset of, as RocketMQ's clients do: `last` is the end (0 in a retry topic:
 * what waits there is this group's own), `first` 0, which the broker corrects to its oldest, a Date the first message
 * stored then or later.
 * @throws when the broker cannot be asked
 */
export async function startOffset(
  queue: MessageQueue,
  from: StartPosition,
  routes: Routes,
  brokers: BrokerRequests,
): Promise<number> {
  if (from === 'first' || isRetryTopic(queue.topic)) return 0;
  const address = routes.addressOf(queue.brokerName);
  if (address === undefined) throw new NoRoute(queue.topic, `broker ${queue.brokerName} is not known now`);
  const { topic, queueId, brokerName } = queue;
  const ask = async <H>(spec: RequestSpec<H>, header: H): Promise<number> => {
    const answer = await brokers.call({ brokerName, address }, { spec, header });
    return offsetResponse.decode(answer.extFields ?? {}).offset;
  };
  return from === 'last'
    ? ask(getMaxOffset, { topic, queueId, bname: brokerName })
    : ask(searchOffsetByTimestamp, { topic, queueId, timestamp: from.getTime(), bname: brokerName });
}
