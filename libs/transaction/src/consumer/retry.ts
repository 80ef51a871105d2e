import { parseDuration } from '../duration.js';
import { DeadLetter, RetryIn } from '../errors.js';

/** RocketMQ's default messageDelayLevel, in seconds; level n is at n - 1. */
const LEVEL_SECONDS = [
  1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1_200, 1_800, 3_600, 7_200,
] as const;

/** The broker counts up from 10 s with each retry. */
export const BY_RETRY_COUNT = 0;
export const DEAD_LETTER_LEVEL = -1;

/** The level nearest to a wait that is not shorter than it; the longest for more than two hours. */
export function delayLevelFor(ms: number): number {
  const index = LEVEL_SECONDS.findIndex((seconds) => seconds * 1_000 >= ms);
  return index < 0 ? LEVEL_SECONDS.length : index + 1;
}

/** What CONSUMER_SEND_MSG_BACK is to say of a message whose handler threw this. */
export function sendBackLevel(thrown: unknown): number {
  if (thrown instanceof DeadLetter) return DEAD_LETTER_LEVEL;
  if (thrown instanceof RetryIn) return delayLevelFor(parseDuration(thrown.delay));
  return BY_RETRY_COUNT;
}

/** How long an ordered queue waits before it hands out the message again. */
export function suspendMs(thrown: unknown): number {
  return thrown instanceof RetryIn ? parseDuration(thrown.delay) : ORDERED_RETRY_MS;
}

/** RocketMQ's suspendCurrentQueueTimeMillis. */
const ORDERED_RETRY_MS = 1_000;
