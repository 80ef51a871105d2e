import { type Duration, parseDuration } from '../duration.js';
import { InvalidOption } from '../errors.js';
import { isGroup, isTopic } from '../names.js';
import type { Selector } from '../selector.js';
import { strategyOf } from './allocation-strategies.js';
import type { AnyConsumerOptions } from './consumer-options.js';
import type { LitePullOptions } from './lite/lite-options.js';

/** One `|` where `||` separates tags: it would be looked for as a letter of one tag, and never found. */
const SINGLE_BAR = /(?<!\|)\|(?!\|)/;

/** @throws InvalidOption */
export function checkConsumerOptions(options: AnyConsumerOptions): void {
  const { group, subscriptions, concurrency, maxReconsumeTimes, timeout } = options;
  checkGroup(group);
  checkSubscriptions(group, subscriptions);
  if (concurrency !== undefined) checkConcurrency(group, concurrency);
  if (timeout !== undefined && !(durationOf(group, 'timeout', timeout) > 0)) {
    throw new InvalidOption(`consumer ${group}: a timeout from 1 ms on expected, got ${timeout}`);
  }
  checkOrder(options);
  checkPop(options);
  if (maxReconsumeTimes !== undefined && !(Number.isInteger(maxReconsumeTimes) && maxReconsumeTimes >= 0)) {
    throw new InvalidOption(
      `consumer ${group}: maxReconsumeTimes expected from 0 on, got ${maxReconsumeTimes}`,
    );
  }
}

/** Names as brokers are told them: with a namespace they may be too long. @throws InvalidOption */
export function checkNames(group: string, topics: readonly string[]): void {
  checkGroup(group);
  for (const topic of topics) checkTopic(group, topic);
}

/** @throws InvalidOption */
export function checkLitePull({ group, batch, allocation }: LitePullOptions): void {
  checkGroup(group);
  strategyOf(allocation);
  checkBatch(group, batch);
}

/** @throws InvalidOption */
export function checkSubscriptions(
  group: string,
  subscriptions: Readonly<Record<string, string | Selector>>,
): void {
  if (Object.keys(subscriptions).length === 0) {
    throw new InvalidOption(
      `consumer ${group}: subscriptions expected as { topic: tagExpression }, got none`,
    );
  }
  for (const [topic, expression] of Object.entries(subscriptions)) {
    checkSubscription(group, topic, expression);
  }
}

function checkGroup(group: string): void {
  if (isGroup(group)) return;
  throw new InvalidOption(
    `consumer group: 1 to 120 characters of A-Z a-z 0-9 _ - % | expected, got ${JSON.stringify(group)}`,
  );
}

function checkBatch(group: string, batch: number | undefined): void {
  if (batch === undefined || (Number.isInteger(batch) && batch >= 1 && batch <= MOST_IN_A_BATCH)) return;
  throw new InvalidOption(`consumer ${group}: batch expected from 1 to ${MOST_IN_A_BATCH}, got ${batch}`);
}

const ORDERS: readonly unknown[] = [undefined, 'key', 'queue'];
const ON_POISON: readonly unknown[] = [undefined, 'suspend', 'deadLetter', 'skip'];
const MOST_IN_A_BATCH = 1_024;

function checkOrder({ group, order, onPoison, retry, batch, model, ...rest }: AnyConsumerOptions): void {
  const refuse = (what: string): never => {
    throw new InvalidOption(`consumer ${group}: ${what}`);
  };
  if (!ORDERS.includes(order)) refuse(`order 'key' or 'queue' expected, got ${JSON.stringify(order)}`);
  if (!ON_POISON.includes(onPoison))
    refuse(`onPoison 'suspend', 'deadLetter' or 'skip' expected, got ${JSON.stringify(onPoison)}`);
  if (onPoison === 'suspend' && order === undefined)
    refuse("onPoison 'suspend' is for an order: without one nothing waits behind a message that failed");
  if (onPoison === 'suspend' && rest.maxReconsumeTimes !== undefined)
    refuse("onPoison 'suspend' tries a message without end: leave maxReconsumeTimes out");
  if (model === 'broadcasting' && (onPoison ?? retry) !== undefined)
    refuse('a broadcast message is not delivered again: leave retry and onPoison out');
  if (retry !== undefined && typeof retry.waitMs !== 'function')
    refuse("retry: made by backoff({ first: '1s' }) expected");
  checkBatch(group, batch);
}

const SHORTEST_INVISIBLE_MS = 5_000;
const LONGEST_INVISIBLE_MS = 300_000;

function checkPop({ group, by, invisibleTime, model, from, allocation }: AnyConsumerOptions): void {
  const refuse = (what: string): never => {
    throw new InvalidOption(`consumer ${group}: ${what}`);
  };
  if (![undefined, 'pull', 'pop', 'broker'].includes(by))
    refuse(`by 'pull', 'pop' or 'broker' expected, got ${JSON.stringify(by)}`);
  if (by === undefined || by === 'pull') {
    if (invisibleTime !== undefined) refuse("invisibleTime is for by: 'pop' or 'broker'");
    return;
  }
  if (model === 'broadcasting') refuse(`broadcast messages are pulled: leave by: '${by}' out`);
  if (from instanceof Date) refuse(`by ${by} a group begins with 'first' or 'last', not at a time`);
  if (by === 'pop' && allocation !== undefined)
    refuse('by pop no queues are allocated: leave allocation out');
  if (by === 'broker' && typeof allocation === 'object')
    refuse("by broker, the broker allocates: 'AVG' or another name of an allocation expected");
  if (invisibleTime === undefined) return;
  const ms = durationOf(group, 'invisibleTime', invisibleTime);
  if (ms < SHORTEST_INVISIBLE_MS || ms > LONGEST_INVISIBLE_MS)
    refuse(`an invisibleTime from 5s to 5m expected, got ${invisibleTime}`);
}

/** @throws InvalidOption */
export function checkConcurrency(group: string, concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency > 0) return;
  throw new InvalidOption(`consumer ${group}: concurrency expected from 1 on, got ${concurrency}`);
}

function durationOf(group: string, option: string, duration: Duration): number {
  try {
    return parseDuration(duration);
  } catch (error) {
    throw new InvalidOption(`consumer ${group}: ${option}: ${(error as Error).message}`);
  }
}

function checkTopic(group: string, topic: string): void {
  if (isTopic(topic)) return;
  throw new InvalidOption(
    `consumer ${group}: topic: 1 to 127 characters of A-Z a-z 0-9 _ - % | expected, got ${JSON.stringify(topic)}`,
  );
}

function checkSubscription(group: string, topic: string, wanted: string | Selector): void {
  checkTopic(group, topic);
  if (typeof wanted !== 'string') {
    if (wanted.expression.trim() === '')
      throw new InvalidOption(`consumer ${group}: the selector of ${topic} is empty`);
    return;
  }
  if (SINGLE_BAR.test(wanted)) {
    throw new InvalidOption(
      `consumer ${group}: tags of ${topic} are separated by ||, got ${JSON.stringify(wanted)}`,
    );
  }
}
