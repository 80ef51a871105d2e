import { InvalidOption } from '../errors.js';
import type { ConsumerOptions } from './consumer-options.js';

const GROUP = /^[%|a-zA-Z0-9_-]{1,120}$/;

/** @throws InvalidOption */
export function checkConsumerOptions(options: ConsumerOptions): void {
  const { group, subscriptions, concurrency, maxReconsumeTimes } = options;
  if (!GROUP.test(group)) {
    throw new InvalidOption(
      `consumer group: 1 to 120 characters of A-Z a-z 0-9 _ - % | expected, got ${JSON.stringify(group)}`,
    );
  }
  if (Object.keys(subscriptions).length === 0) {
    throw new InvalidOption(
      `consumer ${group}: subscriptions expected as { topic: tagExpression }, got none`,
    );
  }
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    throw new InvalidOption(`consumer ${group}: concurrency expected from 1 on, got ${concurrency}`);
  }
  if (maxReconsumeTimes !== undefined && !(Number.isInteger(maxReconsumeTimes) && maxReconsumeTimes >= 0)) {
    throw new InvalidOption(
      `consumer ${group}: maxReconsumeTimes expected from 0 on, got ${maxReconsumeTimes}`,
    );
  }
}
