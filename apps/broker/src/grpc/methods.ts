import type { Caller } from './caller.js';
import { Refusal } from './codes.js';
import type { Consuming } from './consuming.js';
import type {
  AckMessageRequest,
  ChangeInvisibleRequest,
  Endpoints,
  EndTransactionRequest,
  HandleRequest,
  Maybe,
  Message,
  PullMessageRequest,
  ReceiveMessageRequest,
  Resource,
  SyncLiteSubscriptionRequest,
} from './contract.js';
import type { LiteSubscribing } from './lite.js';
import type { Producing } from './producing.js';
import type { Pulling } from './pulling.js';
import type { Queues } from './queues.js';
import type { Sessions } from './sessions.js';

type Answer = object | Promise<object>;
interface Of {
  readonly topic?: Maybe<Resource>;
  readonly group?: Maybe<Resource>;
  readonly endpoints?: Maybe<Endpoints>;
}

/** MessagingService, method by method, under the names of the contract. They know no socket and no library. */
export interface Methods {
  readonly unary: Readonly<Record<string, (request: never, caller: Caller) => Answer>>;
  readonly streams: Readonly<Record<string, (request: never, caller: Caller) => AsyncGenerator<object>>>;
  readonly sessions: Sessions;
  /** Nothing is asked any more. */
  close(): Promise<void>;
}

export function methods(rooms: {
  readonly queues: Queues;
  readonly producing: Producing;
  readonly consuming: Consuming;
  readonly pulling: Pulling;
  readonly lite: LiteSubscribing;
  readonly sessions: Sessions;
  readonly close: () => Promise<void>;
}): Methods {
  const { queues, producing, consuming, pulling, lite, sessions, close } = rooms;
  return {
    unary: {
      QueryRoute: ({ topic, endpoints }: Of) => queues.route(topic, endpoints),
      QueryAssignment: (request: Of) => queues.assignments(request, request.endpoints),
      Heartbeat: (_: object, { clientId }: Caller) => sessions.heartbeat(clientId),
      NotifyClientTermination: (_: object, { clientId }: Caller) => sessions.terminated(clientId),
      SendMessage: ({ messages }: { messages: readonly Message[] }, caller: Caller) =>
        producing.send(messages, caller),
      EndTransaction: (request: EndTransactionRequest, caller: Caller) =>
        producing.endTransaction(request, caller),
      RecallMessage: ({ topic, recallHandle }: Of & { recallHandle: string }) =>
        producing.recall(topic, recallHandle),
      AckMessage: (request: AckMessageRequest) => consuming.ack(request),
      ChangeInvisibleDuration: (request: ChangeInvisibleRequest) => consuming.change(request),
      ForwardMessageToDeadLetterQueue: (request: HandleRequest) => consuming.bury(request),
      SyncLiteSubscription: (request: SyncLiteSubscriptionRequest, caller: Caller) =>
        lite.sync(request, caller),
      GetOffset: pulling.getOffset.bind(pulling),
      UpdateOffset: pulling.updateOffset.bind(pulling),
      QueryOffset: pulling.queryOffset.bind(pulling),
    },
    streams: {
      ReceiveMessage: (request: ReceiveMessageRequest, caller: Caller) => consuming.receive(request, caller),
      PullMessage: (request: PullMessageRequest, caller: Caller) => pulling.pull(request, caller),
    },
    sessions,
    close,
  };
}

/** @throws Refusal always: the contract has the method, this door does not serve it */
export function notServed(method: string): never {
  throw new Refusal('NOT_IMPLEMENTED', `${method} is not served by this broker`);
}
