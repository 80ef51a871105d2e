import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';
import { queueKey, readQueue, type MessageQueue } from './message-queue.js';

/** How a group gets a topic's messages: by queues of its own, or message by message. */
export type RequestMode = 'PULL' | 'POP';

/** Body of QUERY_ASSIGNMENT: a consumer asks which queues are its. */
export interface QueryAssignmentBody {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly clientId: string;
  /** AVG, AVG_BY_CIRCLE, ... */
  readonly strategyName: string;
  readonly messageModel: 'CLUSTERING' | 'BROADCASTING';
}

/** A queue that is the asker's; -1 with POP: any of that broker. */
export interface QueueAssignment {
  readonly messageQueue: MessageQueue;
  readonly mode: RequestMode;
}

/** Body of SET_MESSAGE_REQUEST_MODE. */
export interface SetRequestModeBody {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly mode: RequestMode;
  /** with POP: so many other members pop a member's queues too; 0 or less: all do */
  readonly popShareQueueNum: number;
}

export function encodeQueryAssignmentBody(body: QueryAssignmentBody): Buffer {
  return jsonBody({ ...body });
}

/** @throws StatusError INVALID_PARAMETER */
export function decodeQueryAssignmentBody(body: Buffer): QueryAssignmentBody {
  const reader = BodyReader.of('QueryAssignmentRequestBody', body);
  return {
    topic: reader.text('topic'),
    consumerGroup: reader.text('consumerGroup'),
    clientId: reader.text('clientId'),
    strategyName: reader.text('strategyName', 'AVG'),
    messageModel:
      reader.text('messageModel', 'CLUSTERING') === 'BROADCASTING' ? 'BROADCASTING' : 'CLUSTERING',
  };
}

/** @param assignments undefined: nothing can be said, and the member is left out */
export function encodeAssignments(assignments: readonly QueueAssignment[] | undefined): Buffer {
  return jsonBody({
    messageQueueAssignments: assignments?.map(({ messageQueue, mode }) => ({
      messageQueue: queueKey(messageQueue),
      mode,
    })),
  });
}

/** @returns undefined when the broker could not say */
export function decodeAssignments(body: Buffer): QueueAssignment[] | undefined {
  const reader = BodyReader.of('QueryAssignmentResponseBody', body);
  if (!reader.has('messageQueueAssignments')) return undefined;
  return reader.objects('messageQueueAssignments', (one) => ({
    messageQueue: readQueue(one.object('messageQueue')),
    mode: one.text('mode', 'PULL') === 'POP' ? 'POP' : 'PULL',
  }));
}

export function encodeSetRequestModeBody(body: SetRequestModeBody): Buffer {
  return jsonBody({ ...body });
}

/** @throws StatusError INVALID_PARAMETER */
export function decodeSetRequestModeBody(body: Buffer): SetRequestModeBody {
  const reader = BodyReader.of('SetMessageRequestModeRequestBody', body);
  return {
    topic: reader.text('topic'),
    consumerGroup: reader.text('consumerGroup'),
    mode: reader.text('mode', 'PULL') === 'POP' ? 'POP' : 'PULL',
    popShareQueueNum: reader.number('popShareQueueNum', 0),
  };
}

/** topic → group → mode: answer of GET_ALL_MESSAGE_REQUEST_MODE. */
export function encodeRequestModes(modes: Iterable<SetRequestModeBody>): Buffer {
  const map: Record<string, Record<string, SetRequestModeBody>> = {};
  for (const mode of modes) (map[mode.topic] ??= {})[mode.consumerGroup] = mode;
  return jsonBody({ messageRequestModeMap: map });
}
