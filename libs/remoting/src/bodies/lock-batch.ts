import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';
import { queueKey, readQueue, type MessageQueue } from './message-queue.js';

/** Body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ. */
export interface LockBatchBody {
  readonly consumerGroup: string;
  readonly clientId: string;
  readonly mqSet: readonly MessageQueue[];
  readonly onlyThisBroker?: boolean | undefined;
}

export function encodeLockBatchBody(body: LockBatchBody): Buffer {
  const { clientId, consumerGroup, mqSet, onlyThisBroker = false } = body;
  return jsonBody({ clientId, consumerGroup, mqSet: mqSet.map(queueKey), onlyThisBroker });
}

export function decodeLockBatchBody(body: Buffer): LockBatchBody {
  const reader = BodyReader.of('LockBatchRequestBody', body);
  return {
    consumerGroup: reader.text('consumerGroup'),
    clientId: reader.text('clientId'),
    mqSet: reader.objects('mqSet', readQueue),
    onlyThisBroker: reader.flag('onlyThisBroker', false),
  };
}

/** Answer of LOCK_BATCH_MQ: the queues the client owns now. */
export function encodeLockedQueues(queues: readonly MessageQueue[]): Buffer {
  return jsonBody({ lockOKMQSet: queues.map(queueKey) });
}

export function decodeLockedQueues(body: Buffer): MessageQueue[] {
  return BodyReader.of('LockBatchResponseBody', body).objects('lockOKMQSet', readQueue);
}
