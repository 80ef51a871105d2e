import { every, type Cancel, type Clock } from '@halfmq/remoting/record';
import type { StoreOptions } from '../message-store.js';
import { PAGE_SIZE } from './block.js';
import type { Flush } from './flush.js';

const THOROUGH_MS = 10_000;

/**
 * RocketMQ's two triggers of an asynchronous flush: every interval what is dirty is synced, unless it is fewer pages than
 * `flushLeastPages`; that waits until `flushThoroughIntervalMs` after the last sync. With 0 pages, the default here, a
 * power loss takes at most the last interval.
 */
export function flushByInterval(clock: Clock, flush: Flush, options: StoreOptions): Cancel {
  const { flushIntervalMs, flushLeastPages = 0, flushThoroughIntervalMs = THOROUGH_MS } = options;
  let last = clock.monotonic();
  return every(clock, flushIntervalMs, async () => {
    if (!flush.isDirty || flush.failure) return;
    const now = clock.monotonic();
    if (flush.unsyncedBytes < flushLeastPages * PAGE_SIZE && now - last < flushThoroughIntervalMs) return;
    last = now;
    await flush.sync().catch(() => undefined);
  });
}
