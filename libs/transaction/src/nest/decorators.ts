import {
  Catch,
  createParamDecorator,
  UseFilters,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import type { OnPoison, StartPosition } from '../consumer/consumer-options.js';
import type { RetryPolicy } from '../consumer/retry.js';
import type { Duration } from '../duration.js';
import { DeadLetter, PauseGroup, RetryIn, Skip } from '../errors.js';
import type { TransactionState } from '../message.js';
import type { Selector } from '../selector.js';
import { type Topic, type TopicOrName, topicOf } from '../topic.js';
import { MessageContext } from './message-context.js';

/** Who handles a topic, and how. One handler a group and topic; handlers of one group share one consumer. */
export interface MessageHandlerOptions {
  /** consumer group: each message goes to one of its members, in whatever process */
  readonly group: string;
  /** tag expression: `*` (unless told), `tagA`, `tagA || tagB` */
  readonly tag?: string | undefined;
  /** instead of tags: by the messages' properties, `sql("amount > 100 AND region = 'cn'")` */
  readonly selector?: Selector | undefined;
  /**
   * 'transaction': the handler runs in a database transaction together with the row that says "handled", so that a
   * second delivery changes nothing. `@Tx()` is its EntityManager; `context.send` and `Transactions.run` join it.
   */
  readonly dedupe?: 'transaction' | undefined;
  /**
   * key: messages of one ordering key one after the other, keys beside each other; one that fails holds up its key alone.
   * queue: one message of a queue at a time; one that fails holds up its queue. Unless told: in no order.
   */
  readonly order?: 'key' | 'queue' | undefined;
  /**
   * pull (unless told): queues are shared out among the members. pop: every member takes from any queue, and keeps what it took
   * until it is done. broker: as the broker's SET_MESSAGE_REQUEST_MODE says. HalfMQ or RocketMQ 5
   */
  readonly by?: 'pull' | 'pop' | 'broker' | undefined;
  /** how long what was popped is kept from others without a sign of life, renewed by itself; 1 minute unless told, 5s to 5m */
  readonly invisibleTime?: Duration | undefined;
  /**
   * Handlers running at a time in one process; 20 unless told. It goes before what the module says of all groups, what the module
   * says of just this group goes before it.
   */
  readonly concurrency?: number | undefined;
  /** broadcasting: every process gets every message, without retries */
  readonly model?: 'clustering' | 'broadcasting' | undefined;
  /** where a group begins that has never consumed; last unless told */
  readonly from?: StartPosition | undefined;
  /** waits before retries: `backoff({ first: '1s' })`; RocketMQ's unless told */
  readonly retry?: RetryPolicy | undefined;
  /** retries before a message is poison; 16 unless told, in order without end */
  readonly maxReconsumeTimes?: number | undefined;
  /**
   * What becomes of poison: it rests in the dead-letter topic, is skipped, or (in order) there is none, and what comes behind
   * waits. deadLetter unless told, but suspend in order without maxReconsumeTimes.
   */
  readonly onPoison?: OnPoison | undefined;
  /**
   * The method gets so many at once, at most: `@Payload()` is the row of bodies, `@Ctx()` a `BatchMessageContext`, whose
   * `fail(index, error)` says which of them failed; throwing says it of all others.
   */
  readonly batch?: number | undefined;
  /** how long it may take: then `context.signal` is aborted and the message comes again; 15 minutes unless told */
  readonly timeout?: Duration | undefined;
}

export interface HandlerDefinition extends MessageHandlerOptions {
  readonly topic: Topic<unknown>;
}

export interface TransactionListenerOptions<T> {
  /** producer group, the same for all processes that can answer its checks */
  readonly group: string;
  readonly topic: TopicOrName<T>;
}

export interface ListenerDefinition {
  readonly group: string;
  readonly topic: Topic<unknown>;
}

/** A transaction a listener is asked about. */
export interface ListenedMessage<T> {
  readonly topic: string;
  readonly body: T;
  readonly keys: readonly string[];
  /** UNIQ_KEY: the same in `execute`, in every `check` and for the consumer; without a `check`, HALFMQ_TX */
  readonly transactionId: string;
}

/**
 * RocketMQ's own style. With `check` for work that is not in a database `Transactions` knows. Without it for work that is:
 * `execute` then runs in a database transaction, which `Transactions.run` inside it joins, and whose row answers the checks.
 */
export interface LocalTransaction<T> {
  /**
   * Does the work, when the half message is stored. Throwing reaches the sender, and leaves the verdict to `check`;
   * without a `check` it rolls back, as does `rollback`, and "unknown" is no answer.
   */
  execute(message: ListenedMessage<T>, argument?: unknown): TransactionState | Promise<TransactionState>;
  /** Says what became of the work, also that of a process that has died. Throwing means unknown. */
  check?(message: ListenedMessage<T>): TransactionState | Promise<TransactionState>;
}

export interface CompensableOptions<T> {
  /** of the pair: the same for try and cancel */
  readonly name: string;
  readonly step: 'try' | 'cancel';
  /** the business id both messages carry */
  id(body: T): string;
}

/** A step with the body's type forgotten. */
export type StepDefinition = CompensableOptions<unknown>;

const HANDLERS = Symbol('halfmq:handlers');
const LISTENERS = Symbol('halfmq:listeners');
const STEP = Symbol('halfmq:step');

/** Appends to a list kept as metadata: a method may handle several topics. */
function add(key: symbol, target: object, value: unknown): void {
  const known = (Reflect.getOwnMetadata(key, target) as unknown[] | undefined) ?? [];
  Reflect.defineMetadata(key, [...known, value], target);
}

/** What a handler asks for by throwing is no failure: without a filter of its own Nest would log it as an error. */
@Catch(DeadLetter, PauseGroup, RetryIn, Skip)
class AsAsked implements ExceptionFilter {
  catch(wish: DeadLetter | PauseGroup | RetryIn | Skip): never {
    throw wish;
  }
}

const AS_ASKED = UseFilters(new AsAsked());

/**
 * The method handles messages of the topic. Return: acknowledged. Throw: again, with growing back-off, at last to the
 * dead-letter topic; DeadLetter: there at once; RetryIn: again after that long; PauseGroup: nothing at all for that long; Skip:
 * done with. A filter that is to see these goes above `@MessageHandler`.
 */
export function MessageHandler<T>(topic: TopicOrName<T>, options: MessageHandlerOptions): MethodDecorator {
  const definition: HandlerDefinition = { ...options, topic: topicOf(topic) };
  return (target, name, descriptor) => {
    add(HANDLERS, descriptor.value as object, definition);
    AS_ASKED(target, name, descriptor);
  };
}

/** The class executes and checks the transactions of the topic that `Messages.sendInTransaction` begins. */
export function TransactionListener<T>(
  options: TransactionListenerOptions<T>,
): (target: new (...args: never[]) => LocalTransaction<T>) => void {
  const definition: ListenerDefinition = { group: options.group, topic: topicOf(options.topic) };
  return (target) => add(LISTENERS, target, definition);
}

/**
 * The method is one half of a try/cancel pair: it runs when its message comes for the first time; a `cancel` only if the
 * `try` of that id was done, a `try` not after its `cancel`. Needs `@MessageHandler` with dedupe: 'transaction'.
 */
export function Compensable<T>(options: CompensableOptions<T>): MethodDecorator {
  return (_target, _name, descriptor) => {
    Reflect.defineMetadata(STEP, options, descriptor.value as object);
  };
}

export function stepOf(method: object): StepDefinition | undefined {
  return Reflect.getOwnMetadata(STEP, method) as StepDefinition | undefined;
}

export function handlersOf(method: object): readonly HandlerDefinition[] {
  return (Reflect.getOwnMetadata(HANDLERS, method) as HandlerDefinition[] | undefined) ?? [];
}

export function listenersOf(target: object): readonly ListenerDefinition[] {
  return (Reflect.getOwnMetadata(LISTENERS, target) as ListenerDefinition[] | undefined) ?? [];
}

/** Exported to be recognized among a method's parameters. */
export const managerOfContext = (_data: unknown, host: ExecutionContext): unknown => {
  const context: unknown = host.switchToRpc().getContext();
  return context instanceof MessageContext ? context.manager : undefined;
};

/** The EntityManager of the transaction a handler with dedupe: 'transaction' runs in. */
export const Tx = createParamDecorator(managerOfContext);
