import { javaHashCode } from '@halfmq/remoting';

/** As SelectMessageQueueByHash of the Java client: all doors agree on the queue of a key. */
export function queueOfKey(shardingKey: string, queues: number): number {
  return Math.abs(javaHashCode(shardingKey)) % Math.max(1, queues);
}
