import {
  decodeConsumerIdList,
  getConsumerListByGroup,
  type Clock,
  type Log,
  type MessageQueue,
} from '@halfmq/remoting';
import type { BrokerRequests } from '../broker-requests.js';
import type { Routes } from '../routes/routes.js';
import { compareQueues, compareText } from '../routes/topic-route.js';
import type { AllocationStrategy } from './allocation-strategies.js';

export interface AssignmentParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly clientId: string;
  readonly group: string;
  readonly routes: Routes;
  readonly brokers: BrokerRequests;
  readonly strategy: AllocationStrategy;
}

/**
 * The queues of a topic that are this member's to read.
 * @returns undefined when that cannot be told now: the topic or the members are unknown, or this member is not yet
 * among them; what it reads then stays as it is
 */
export async function assignedQueues(
  topic: string,
  model: 'clustering' | 'broadcasting',
  parts: AssignmentParts,
): Promise<readonly MessageQueue[] | undefined> {
  const queues = await parts.routes.subscribeQueues(topic);
  if (!queues || model === 'broadcasting') return queues;
  const members = await memberIds(topic, parts);
  if (!members.includes(parts.clientId)) return undefined;
  return parts.strategy.allocate([...queues].sort(compareQueues), members.sort(compareText), parts.clientId);
}

/** Any broker of the topic can tell: every member sends its heartbeats to all of them. */
async function memberIds(topic: string, parts: AssignmentParts): Promise<string[]> {
  const candidates = parts.routes.answering(topic);
  const broker = candidates[Math.floor(Math.random() * candidates.length)];
  if (!broker) return [];
  const header = { consumerGroup: parts.group, bname: broker.brokerName };
  const answer = await parts.brokers.call(broker, { spec: getConsumerListByGroup, header });
  return decodeConsumerIdList(answer.body);
}
