import type { SendMessageHeader } from '@halfmq/remoting';
import { QUEUES_OF_A_NEW_TOPIC } from '../directory/topic-config.js';
import { SystemTopic } from '../directory/topic-names.js';

type Given = Pick<SendMessageHeader, 'producerGroup' | 'topic' | 'bornTimestamp'> &
  Partial<Pick<SendMessageHeader, 'sysFlag' | 'properties' | 'batch'>>;

/** Of a send by a door that has no such headers: any queue, and a topic that is made as RocketMQ's clients have it made. */
export function plainHeader(given: Given): SendMessageHeader {
  return {
    defaultTopic: SystemTopic.AUTO_CREATE_TEMPLATE,
    defaultTopicQueueNums: QUEUES_OF_A_NEW_TOPIC,
    queueId: -1,
    sysFlag: 0,
    flag: 0,
    ...given,
  };
}
