import type { ConsumerStatus, QueueStatus } from './consumer/consumer-status.js';
import { type Duration, parseDuration } from './duration.js';

/** Over the time a poll may wait at a broker: two attempts that nobody answered, and a little. */
const SILENCE = '35s';

export interface HealthOptions {
  /** a group that is behind by more than so many messages is down; unless told however far it is */
  readonly maxLag?: number | undefined;
  /**
   * Over the time a poll may wait at its broker: a queue of which nothing was heard for longer is down, and a group that was not
   * told for so long which queues it has; 35 s unless told.
   */
  readonly maxSilence?: Duration | undefined;
}

/** What a group's consumer in this process does. */
export interface GroupHealth {
  /** how many this member was given */
  readonly queues: number;
  /** messages not handled yet, as of the last polls; of popped queues brokers know it alone */
  readonly lag: number;
  /** when a broker last answered, of the queue that has waited longest; undefined before */
  readonly lastPoll: string | undefined;
}

/** One entry of a Terminus health check. */
export interface HalfmqHealthReport {
  readonly status: 'up' | 'down';
  readonly groups: Readonly<Record<string, GroupHealth>>;
  /** why it is down */
  readonly message?: string | undefined;
}

export interface Examined {
  readonly connected: boolean;
  readonly consumers: readonly ConsumerStatus[];
  readonly now: number;
}

/**
 * Down: no name server has answered yet, a consumer has ended, or brokers are silent: of a queue, from the beginning or by now, or
 * of which queues there are. Not down: a group without queues (it has more members than queues, or its topics are not there yet),
 * handlers that are busy.
 */
export function healthReport(
  { connected, consumers, now }: Examined,
  { maxLag = Infinity, maxSilence = SILENCE }: HealthOptions = {},
): HalfmqHealthReport {
  const before = now - parseDuration(maxSilence);
  const groups = consumers.map(({ group, queues }) => [group, groupHealth(queues)] as const);
  const wrong = [
    ...(connected ? [] : ['no name server has answered yet']),
    ...consumers.filter(({ isRunning }) => !isRunning).map(({ group }) => `${group} does not consume`),
    ...consumers.flatMap((consumer) => unassigned(consumer, before - consumer.holdMs)),
    ...consumers.flatMap(({ group, queues, holdMs }) => silent(group, queues, before - holdMs)),
    ...groups.filter(([, { lag }]) => lag > maxLag).map(([group, { lag }]) => `${group} is ${lag} behind`),
  ];
  const status = wrong.length === 0 ? 'up' : 'down';
  return {
    status,
    groups: Object.fromEntries(groups),
    ...(wrong.length > 0 && { message: wrong.join('; ') }),
  };
}

function groupHealth(queues: readonly QueueStatus[]): GroupHealth {
  const polls = queues.flatMap(({ lastPollAt }) => lastPollAt ?? []);
  return {
    queues: queues.length,
    lag: queues.reduce((sum, { lag = 0 }) => sum + lag, 0),
    lastPoll: polls.length > 0 ? new Date(Math.min(...polls)).toISOString() : undefined,
  };
}

function unassigned({ group, unassignedSince = Infinity }: ConsumerStatus, since: number): string[] {
  if (unassignedSince >= since) return [];
  return [`${group} was not told which queues it has since ${new Date(unassignedSince).toISOString()}`];
}

/** A queue that was just taken has not been answered yet, and is no trouble. */
function silent(group: string, queues: readonly QueueStatus[], since: number): string[] {
  return queues.flatMap(({ topic, brokerName, queueId, isFull, lastPollAt, takenAt }) => {
    const heardAt = lastPollAt ?? takenAt ?? Infinity;
    if (isFull || heardAt >= since) return [];
    const queue = `queue ${queueId} of ${topic} at ${brokerName}`;
    return [`${group} has not heard of ${queue} since ${new Date(heardAt).toISOString()}`];
  });
}
