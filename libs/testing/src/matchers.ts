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

function toHaveDelivered<T>(
  this: MatcherContext,
  broker: unknown,
  topic: TopicOrName<T>,
  ...rest: [expected?: Expected<T>]
): { pass: boolean; message: () => string } {
  if (!(broker instanceof TestBroker))
    throw new TypeError('expect(broker) expected: one of createTestBroker');
  const messages = broker.delivered(topic);
  const [expected] = rest;
  const matches = (message: DeliveredMessage<T>): boolean => {
    if (rest.length === 0) return true;
    if (typeof expected === 'function') return (expected as Predicate<T>)(message.body, message);
    return this.equals(message.body, expected);
  };
  const found = messages.filter(matches);
  const { name } = topicOf(topic);
  const { printExpected, printReceived } = this.utils;
  const wanted = rest.length > 0 && typeof expected !== 'function' ? ` ${printExpected(expected)}` : '';
  return {
    pass: found.length > 0,
    message: () =>
      [
        `${name} ${this.isNot ? 'must not have' : 'has not'} delivered${wanted || ' such a message'}`,
        `delivered: ${messages.length === 0 ? 'nothing' : printReceived(messages.map(({ body }) => body))}`,
        `in doubt: ${broker.inDoubt().length}`,
        `what happened:\n${broker.timeline()}`,
      ].join('\n'),
  };
}

/** For `expect.extend`, in jest and in what is like it. */
export const matchers = { toHaveDelivered };
