import { type Duration, parseDuration } from '../duration.js';
import { DeadLetter, InvalidOption, RetryIn } from '../errors.js';

/** RocketMQ's default messageDelayLevel, in seconds; level n is at n - 1. */
const LEVEL_SECONDS = [
  1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1_200, 1_800, 3_600, 7_200,
] as const;

/** The broker counts up from 10 s with each retry. */
export const BY_RETRY_COUNT = 0;
export const DEAD_LETTER_LEVEL = -1;
/** 10 s */
export const FIRST_RETRY_LEVEL = 3;

/** RocketMQ's suspendCurrentQueueTimeMillis. */
const ORDERED_RETRY_MS = 1_000;

export interface BackoffOptions {
  /** before the first retry */
  readonly first: Duration;
  /** each wait is so many times the one before it; 2 unless told */
  readonly factor?: number | undefined;
  /** no wait is longer; two hours unless told, RocketMQ's longest */
  readonly most?: Duration | undefined;
}

/** How long a message that failed waits before each retry: made by `backoff`. */
export interface RetryPolicy {
  /** @param retries there were already: 0 before the first one. @returns ms */
  waitMs(retries: number): number;
  /** the same text for the same waits */
  toString(): string;
}

/**
 * Waits that grow: `backoff({ first: '1s', factor: 3, most: '10m' })` is 1, 3, 9 … 600 s. A handler without an order waits in
 * RocketMQ's levels, as with RetryIn; one with an order exactly so long.
 * @throws InvalidOption
 */
export function backoff({ first, factor = 2, most = '2h' }: BackoffOptions): RetryPolicy {
  const [firstMs, mostMs] = [parseDuration(first), parseDuration(most)];
  if (!(factor >= 1 && Number.isFinite(factor)))
    throw new InvalidOption(`backoff: a factor from 1 on expected, got ${factor}`);
  if (firstMs < 1 || mostMs < firstMs)
    throw new InvalidOption(`backoff: first from 1 ms on, and most not below it, got ${first} and ${most}`);
  return {
    waitMs: (retries) => Math.round(Math.min(firstMs * factor ** retries, mostMs)),
    toString: () => `backoff({ first: ${firstMs}, factor: ${factor}, most: ${mostMs} })`,
  };
}

/** The level nearest to a wait that is not shorter than it; the longest for more than two hours. */
export function delayLevelFor(ms: number): number {
  const index = LEVEL_SECONDS.findIndex((seconds) => seconds * 1_000 >= ms);
  return index < 0 ? LEVEL_SECONDS.length : index + 1;
}

/** What CONSUMER_SEND_MSG_BACK is to say of a message that failed with this. */
export function sendBackLevel(thrown: unknown, retries: number, policy?: RetryPolicy): number {
  if (thrown instanceof DeadLetter) return DEAD_LETTER_LEVEL;
  const ms = askedFor(thrown, retries, policy);
  return ms === undefined ? BY_RETRY_COUNT : delayLevelFor(ms);
}

/** How long a popped message is kept from everybody before it comes again; unless told as RocketMQ's clients have it. */
export function comeAgainMs(thrown: unknown, retries: number, policy?: RetryPolicy): number {
  const level = Math.min(FIRST_RETRY_LEVEL + retries, LEVEL_SECONDS.length);
  return askedFor(thrown, retries, policy) ?? (LEVEL_SECONDS[level - 1] ?? 0) * 1_000;
}

/** How long a message in order, and what comes behind it, waits before it is handed out again. */
export function suspendMs(thrown: unknown, retries: number, policy?: RetryPolicy): number {
  return askedFor(thrown, retries, policy) ?? ORDERED_RETRY_MS;
}

function askedFor(thrown: unknown, retries: number, policy: RetryPolicy | undefined): number | undefined {
  return thrown instanceof RetryIn ? parseDuration(thrown.delay) : policy?.waitMs(retries);
}
