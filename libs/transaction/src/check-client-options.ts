import type { ClientOptions, ProducerOptions } from './client-options.js';
import { InvalidOption } from './errors.js';
import { isGroup } from './names.js';

/** @throws InvalidOption */
export function checkClientOptions({ requestTimeoutMs, startTimeoutMs, pullHoldMs }: ClientOptions): void {
  checkMs('requestTimeoutMs', requestTimeoutMs, 1);
  checkMs('startTimeoutMs', startTimeoutMs, 0);
  checkMs('pullHoldMs', pullHoldMs, 1);
}

/** @throws InvalidOption */
export function checkProducerOptions({ group, retries, sendTimeoutMs }: ProducerOptions): void {
  if (group !== undefined && !isGroup(group)) {
    throw new InvalidOption(
      `producer group: 1 to 120 characters of A-Z a-z 0-9 _ - % | expected, got ${JSON.stringify(group)}`,
    );
  }
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    throw new InvalidOption(`producer ${group}: retries expected from 0 on, got ${retries}`);
  }
  checkMs('sendTimeoutMs', sendTimeoutMs, 1);
}

/** NaN, from a variable that is no number, would make every wait end at once. */
function checkMs(name: string, ms: number | undefined, least: number): void {
  if (ms === undefined || (Number.isFinite(ms) && ms >= least)) return;
  throw new InvalidOption(`${name}: milliseconds from ${least} on expected, got ${ms}`);
}
