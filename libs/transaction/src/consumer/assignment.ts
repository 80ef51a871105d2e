import {
  decodeAssignments,
  decodeConsumerIdList,
  encodeQueryAssignmentBody,
  getConsumerListByGroup,
  queryAssignment,
  type Clock,
  type Log,
  type MessageQueue,
  type RequestMode,
} from '@halfmq/remoting';
import type { BrokerRequests } from '../broker-requests.js';
import type { Routes } from '../routes/routes.js';
import { compareQueues, compareText, queueKey } from '../routes/topic-route.js';
import type { AllocationStrategy } from './allocation-strategies.js';
import type { ConsumerSettings } from './consumer-options.js';

/** A queue of this member; POP: to be popped, -1 as its id is any of its broker. */
export interface AssignedQueue extends MessageQueue {
  readonly mode?: RequestMode;
}

/** What tells two apart: one that is popped now and was pulled before is another one. */
export function assignedKey({ mode = 'PULL', ...queue }: AssignedQueue): string {
  return `${queueKey(queue)} ${mode}`;
}

/** How queues come to members. */
export type Sharing = 'broadcasting' | NonNullable<ConsumerSettings['by']>;

export interface AssignmentParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly clientId: string;
  readonly group: string;
  readonly routes: Routes;
  readonly brokers: BrokerRequests;
  readonly strategy: AllocationStrategy;
}

/** No name server knows the topic. */
export const NO_TOPIC = Symbol('no topic');

/**
 * The queues of a topic that are this member's to read.
 * @returns undefined when that cannot be told now: the members are unknown, or this member is not yet among them; what it
 * reads then stays as it is
 */
export async function assignedQueues(
  topic: string,
  sharing: Sharing,
  parts: AssignmentParts,
): Promise<readonly AssignedQueue[] | typeof NO_TOPIC | undefined> {
  const queues = await parts.routes.subscribeQueues(topic);
  if (!queues) return NO_TOPIC;
  if (sharing === 'broadcasting') return queues;
  if (sharing === 'pop') return anyOf(queues);
  if (sharing === 'broker') return assignedByBroker(topic, parts);
  const members = await memberIds(topic, parts);
  if (!members.includes(parts.clientId)) return undefined;
  return parts.strategy.allocate([...queues].sort(compareQueues), members.sort(compareText), parts.clientId);
}

/** One for each broker. */
function anyOf(queues: readonly MessageQueue[]): AssignedQueue[] {
  const brokers = new Map(queues.map((queue) => [queue.brokerName, queue]));
  return [...brokers.values()].map((queue) => ({ ...queue, queueId: -1, mode: 'POP' }));
}

async function assignedByBroker(
  topic: string,
  { clientId, group: consumerGroup, strategy, routes, brokers }: AssignmentParts,
): Promise<AssignedQueue[] | undefined> {
  const [broker] = routes.answering(topic);
  if (!broker) return undefined;
  const asked = { topic, consumerGroup, clientId, strategyName: strategy.name } as const;
  const body = encodeQueryAssignmentBody({ ...asked, messageModel: 'CLUSTERING' });
  const answer = await brokers.call(broker, { spec: queryAssignment, header: {}, body });
  return decodeAssignments(answer.body)?.map(({ messageQueue, mode }) => ({ ...messageQueue, mode }));
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
