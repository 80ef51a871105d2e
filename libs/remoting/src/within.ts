import type { Clock } from './clock.js';

/** @returns whether the promise was fulfilled in time */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let cancel = (): void => undefined;
  const late = new Promise<false>((resolve) => (cancel = clock.after(ms, () => resolve(false))));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    cancel();
  }
}
