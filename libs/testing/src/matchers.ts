import { topicOf, type TopicOrName } from '@halfmq/transaction';
import type { DeliveredMessage } from './message.js';
import { TestBroker } from './test-broker.js';

/** A body, also one with asymmetric matchers in it, or what says yes to a message by its body, or by all of it. */
export type Expected<T> = T | Predicate<T>;
type Predicate<T> = (body: T, message: DeliveredMessage<T>) => boolean;

export interface Delivered<R, _T> {
  /**
   * A message that consumers can see in the topic has this body (asymmetric matchers as `expect.objectContaining` are
   * welcome), or one that the predicate says yes to; without either: any message. Fails with the broker's timeline.
   */
  toHaveDelivered<T>(topic: TopicOrName<T>, expected?: Expected<T>): R;
  /** As `toHaveDelivered`, and just so many of them: a message sent twice is two, one handled twice is one. */
  toHaveDeliveredTimes<T>(times: number, topic: TopicOrName<T>, expected?: Expected<T>): R;
  /** The group has given such a message up: it lies in its dead-letter topic. */
  toHaveDeadLetter(group: string, expected?: Expected<unknown>): R;
  /** Half messages wait for a verdict, those not asked about any more among them. */
  toBeInDoubt(): R;
}

/** What jest gives to a matcher, as far as it is used here. */
interface MatcherContext {
  readonly isNot?: boolean | undefined;
  equals(a: unknown, b: unknown, testers?: unknown[], strict?: boolean): boolean;
  readonly utils: {
    printExpected(value: unknown): string;
    printReceived(value: unknown): string;
  };
}

interface Result {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Left out, or undefined: any. */
type MaybeExpected<T> = [expected?: Expected<T>];

function toHaveDelivered<T>(
  this: MatcherContext,
  broker: unknown,
  topic: TopicOrName<T>,
  ...rest: MaybeExpected<T>
): Result {
  const messages = brokerOf(broker).delivered(topic);
  const pass = messages.some((message) => matches(this, message, rest));
  const verb = this.isNot ? 'must not have delivered' : 'has not delivered';
  return { pass, message: () => told(this, broker, `${topicOf(topic).name} ${verb}`, messages, rest) };
}

function toHaveDeliveredTimes<T>(
  this: MatcherContext,
  broker: unknown,
  times: number,
  topic: TopicOrName<T>,
  ...rest: MaybeExpected<T>
): Result {
  const messages = brokerOf(broker).delivered(topic);
  const found = messages.filter((message) => matches(this, message, rest)).length;
  const verb = this.isNot
    ? `must not have delivered ${times} times`
    : `has delivered ${found} times, not ${times}:`;
  return {
    pass: found === times,
    message: () => told(this, broker, `${topicOf(topic).name} ${verb}`, messages, rest),
  };
}

function toHaveDeadLetter(
  this: MatcherContext,
  broker: unknown,
  group: string,
  ...rest: MaybeExpected<unknown>
): Result {
  const messages = brokerOf(broker).deadLetters(group);
  const pass = messages.some((message) => matches(this, message, rest));
  const verb = this.isNot ? 'must not have given up' : 'has not given up';
  return { pass, message: () => told(this, broker, `group ${group} ${verb}`, messages, rest) };
}

function toBeInDoubt(this: MatcherContext, broker: unknown): Result {
  const doubts = brokerOf(broker).inDoubt();
  const what = this.isNot ? `must not be in doubt: ${this.utils.printReceived(doubts)}` : 'is in doubt';
  return {
    pass: doubts.length > 0,
    message: () => `${this.isNot ? '' : 'nothing '}${what}\n${brokerOf(broker).report()}`,
  };
}

function brokerOf(received: unknown): TestBroker {
  if (received instanceof TestBroker) return received;
  throw new TypeError('expect(broker) expected: one of createTestBroker');
}

function matches<T>(
  { equals }: MatcherContext,
  message: DeliveredMessage<T>,
  [expected]: MaybeExpected<T>,
): boolean {
  if (expected === undefined) return true;
  if (typeof expected === 'function') return (expected as Predicate<T>)(message.body, message);
  return equals(message.body, expected);
}

function told<T>(
  { utils }: MatcherContext,
  broker: unknown,
  what: string,
  messages: readonly DeliveredMessage<T>[],
  [expected]: MaybeExpected<T>,
): string {
  const any = expected === undefined || typeof expected === 'function';
  return [
    `${what} ${any ? 'such a message' : utils.printExpected(expected)}`,
    `delivered: ${messages.length === 0 ? 'nothing' : utils.printReceived(messages.map(({ body }) => body))}`,
    `in doubt: ${brokerOf(broker).inDoubt().length}`,
    brokerOf(broker).report(),
  ].join('\n');
}

/** For `expect.extend`, in jest and in what is like it. */
export const matchers = { toHaveDelivered, toHaveDeliveredTimes, toHaveDeadLetter, toBeInDoubt };
