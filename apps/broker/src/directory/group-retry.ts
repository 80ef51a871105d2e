import { delayLevelsMs } from '../config/delay-levels.js';
import type { GroupConfig } from './group-config.js';

/** The first two delay levels are too short for what has just failed. */
const FIRST_RETRY = 2;
const MOST_DOUBLINGS = 32;

/**
 * How long a message waits before its group gets it again (RocketMQ's CustomizedRetryPolicy and ExponentialRetryPolicy).
 * @param reconsumeTimes how often it came again so far: 0 after the first delivery
 * @param levels messageDelayLevel, where the group has no delays of its own
 */
export function retryDelayMs(
  { groupRetryPolicy: { type, customizedRetryPolicy, exponentialRetryPolicy } }: GroupConfig,
  reconsumeTimes: number,
  levels: string,
): number {
  if (type === 'EXPONENTIAL' && exponentialRetryPolicy) {
    const { initial, max, multiplier } = exponentialRetryPolicy;
    return Math.min(max, initial * multiplier ** Math.min(Math.max(reconsumeTimes, 0), MOST_DOUBLINGS));
  }
  const given = customizedRetryPolicy?.next ?? [];
  const delays = given.length > 0 ? given : delayLevelsMs(levels);
  return delays[Math.min(FIRST_RETRY + Math.max(reconsumeTimes, 0), delays.length - 1)] ?? 0;
}
