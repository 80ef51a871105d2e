import { Permission, updateAndCreateTopic, type Log } from '@halfmq/remoting';
import type { BrokerRequests } from '../broker-requests.js';
import { NoRoute } from '../errors.js';
import type { Routes } from './routes.js';

interface Parts {
  readonly routes: Routes;
  readonly brokers: BrokerRequests;
  readonly log: Log;
}

/**
 * Makes a topic that is not there yet as the first message to it would: on the brokers that offer the template, with its
 * queues. Of a topic made by a message an Apache RocketMQ tells nobody: a consumer hears of it up to 20 s later. Without such a
 * broker nothing happens: who made auto-creation impossible makes topics himself.
 * @throws BrokerRefused, BrokerUnreachable, NoNameServer, RemotingError
 */
export async function makeTopic(topic: string, { routes, brokers, log }: Parts): Promise<void> {
  const queues = await routes.publishQueues(topic).catch((error: unknown) => {
    if (error instanceof NoRoute) return [];
    throw error;
  });
  if (queues.length === 0) log.warn(`topic ${topic} does not exist, and no broker makes topics by itself`);
  const perBroker = new Map<string, number>();
  for (const { brokerName } of queues) perBroker.set(brokerName, (perBroker.get(brokerName) ?? 0) + 1);
  for (const [brokerName, count] of perBroker) {
    const address = routes.primaryOf(brokerName);
    if (address === undefined) continue;
    const header = {
      topic,
      readQueueNums: count,
      writeQueueNums: count,
      perm: Permission.READ | Permission.WRITE,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
    };
    await brokers.call({ brokerName, address }, { spec: updateAndCreateTopic, header });
  }
}
