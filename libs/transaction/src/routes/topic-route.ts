import { Permission, type MessageQueue, type QueueData, type TopicRouteData } from '@halfmq/remoting';

/** RocketMQ's template for topics that are created by the first message to them. */
export const DEFAULT_TOPIC = 'TBW102';
export const DEFAULT_TOPIC_QUEUES = 4;
/** The broker id of a primary. */
export const PRIMARY_ID = 0;

export function queueKey(queue: MessageQueue): string {
  return `${queue.topic}@${queue.brokerName}@${queue.queueId}`;
}

/** RocketMQ's order, which every member of a group must see the same: topic, broker name, queue id. */
export function compareQueues(a: MessageQueue, b: MessageQueue): number {
  return compareText(a.topic, b.topic) || compareText(a.brokerName, b.brokerName) || a.queueId - b.queueId;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Where to send: the write queues of brokers that have a primary and the W permission; for an ordered topic exactly
 * those its `orderTopicConf` ("broker:n;broker:n") names.
 */
export function publishQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  if (route.orderTopicConf) {
    return route.orderTopicConf
      .split(';')
      .map((part) => part.split(':'))
      .flatMap(([brokerName = '', count]) => numbered(topic, brokerName, Number(count) || 0));
  }
  const primaries = new Set(
    route.brokerDatas
      .filter((broker) => broker.brokerAddrs.has(PRIMARY_ID))
      .map((broker) => broker.brokerName),
  );
  return byBrokerName(route.queueDatas)
    .filter((data) => (data.perm & Permission.WRITE) !== 0 && primaries.has(data.brokerName))
    .flatMap((data) => numbered(topic, data.brokerName, data.writeQueueNums));
}

/** Where to read: the read queues of every broker with the R permission, in RocketMQ's order. */
export function subscribeQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  return byBrokerName(route.queueDatas)
    .filter((data) => (data.perm & Permission.READ) !== 0)
    .flatMap((data) => numbered(topic, data.brokerName, data.readQueueNums));
}

/** The template's route as that of a topic not yet created: at most four queues a broker, as clients ask for. */
export function templateRoute(template: TopicRouteData): TopicRouteData {
  const queueDatas = template.queueDatas.map((data) => {
    const queues = Math.min(DEFAULT_TOPIC_QUEUES, data.readQueueNums);
    return { ...data, readQueueNums: queues, writeQueueNums: queues };
  });
  return { ...template, queueDatas };
}

function byBrokerName(datas: readonly QueueData[]): QueueData[] {
  return [...datas].sort((a, b) => compareText(a.brokerName, b.brokerName));
}

function numbered(topic: string, brokerName: string, count: number): MessageQueue[] {
  return Array.from({ length: count }, (_, queueId) => ({ topic, brokerName, queueId }));
}
