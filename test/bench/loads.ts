import { BATCH_OF, batches, pulls, sends } from './frames.js';
import { HTTP, restSends } from './http.js';
import { run, runPaced, type Load } from './load.js';
import { measure, type Measure } from './measure.js';
import type { Server } from './server.js';
import { runTransactions } from './transactions.js';

/** What is asked of servers that speak RocketMQ's remoting protocol, ours and others; lanes are dealt out to them. */

export type Shape = readonly [connections: number, window: number, total: number];

const PULLED_AT_ONCE = 32;
/** of queue 0: what the warm-up of each broker has sent there by far */
const PULLED_FROM = 8_000;
export const PACE = 2_000;
/** 32 records of the bench, each 1 KiB body, properties and the layout's own fields */
export const PULL_ANSWER = PULLED_AT_ONCE * 1_220;

const loadOf = (targets: readonly Server[], [connections, window, total]: Shape): Omit<Load, 'frames'> => ({
  targets,
  connections,
  window,
  total,
});

export function sending(servers: readonly Server[], shape: Shape, how: Partial<Load> = {}): Promise<Measure> {
  return measure(servers, () => run({ ...loadOf(servers, shape), frames: sends, ...how }));
}

/** 2,000 sends/s. */
export function sendingPaced(servers: readonly Server[], shape: Shape): Promise<Measure> {
  return measure(servers, () => runPaced({ ...loadOf(servers, shape), frames: sends }, PACE));
}

/** By the HTTP door: servers are those that listen there. */
export function restSending(server: Server, shape: Shape): Promise<Measure> {
  return measure([server], () => run({ ...loadOf([server], shape), frames: restSends, protocol: HTTP }));
}

/** Messages, not pulls, are counted. */
export function pulling(servers: readonly Server[], shape: Shape): Promise<Measure> {
  const frames = pulls(PULLED_AT_ONCE, PULLED_FROM);
  return measure(servers, () => run({ ...loadOf(servers, shape), frames }), PULLED_AT_ONCE);
}

/** Half message and commit. */
export function committing(servers: readonly Server[], shape: Shape): Promise<Measure> {
  return measure(servers, () => runTransactions(loadOf(servers, shape), { checked: false }));
}

/** Half message, check, and the commit that answers it: a broker asks at most 1,000 times a second. */
export function committingChecked(servers: readonly Server[], shape: Shape): Promise<Measure> {
  return measure(servers, () => runTransactions(loadOf(servers, shape), { checked: true }));
}

/** Messages, not requests, are counted. */
export function sendingBatches(servers: readonly Server[], shape: Shape): Promise<Measure> {
  return measure(servers, () => run({ ...loadOf(servers, shape), frames: batches }), BATCH_OF);
}
