import { describe, expect, it } from '@jest/globals';
import type { QueueStatus } from './consumer/consumer-status.js';
import { healthReport } from './health.js';

const NOW = Date.UTC(2026, 0, 1, 0, 10);
const HOLD_MS = 15_000;

function queue(more: Partial<QueueStatus> = {}): QueueStatus {
  return { topic: 't', brokerName: 'b', queueId: 0, lastPollAt: NOW, lag: 0, isFull: false, ...more };
}

function report(...queues: QueueStatus[]) {
  const consumer = { group: 'g', isRunning: true, holdMs: HOLD_MS, queues };
  return healthReport({ connected: true, consumers: [consumer], now: NOW });
}

describe('the health of a consumer', () => {
  it('adds up lag and tells the poll that is longest ago', () => {
    const later = queue({ queueId: 1, lag: 3, lastPollAt: NOW - 1_000 });
    expect(report(queue({ lag: 2 }), later)).toEqual({
      status: 'up',
      groups: { g: { queues: 2, lag: 5, lastPoll: '2026-01-01T00:09:59.000Z' } },
    });
  });

  it('is down when a queue is silent for longer than a poll may wait, and 35 s', () => {
    expect(report(queue({ lastPollAt: NOW - HOLD_MS - 35_000 })).status).toBe('up');
    expect(report(queue({ lastPollAt: NOW - HOLD_MS - 35_001 }))).toMatchObject({
      status: 'down',
      message: 'g has not heard of queue 0 of t at b since 2026-01-01T00:09:09.999Z',
    });
  });

  it('is up without queues, before the first answer, and while handlers are busy', () => {
    expect(report()).toEqual({ status: 'up', groups: { g: { queues: 0, lag: 0, lastPoll: undefined } } });
    expect(report(queue({ lastPollAt: undefined, lag: undefined })).status).toBe('up');
    expect(report(queue({ lastPollAt: 0, isFull: true })).status).toBe('up');
  });

  it('is down when a queue was never answered, from when it was taken on', () => {
    const never = { lastPollAt: undefined, lag: undefined };
    expect(report(queue({ ...never, takenAt: NOW - HOLD_MS - 35_000 })).status).toBe('up');
    expect(report(queue({ ...never, takenAt: NOW - HOLD_MS - 35_001 }))).toMatchObject({
      status: 'down',
      message: 'g has not heard of queue 0 of t at b since 2026-01-01T00:09:09.999Z',
    });
  });

  it('is down when it was not told for so long which queues it has', () => {
    const untold = (unassignedSince: number) => {
      const consumer = { group: 'g', isRunning: true, holdMs: HOLD_MS, queues: [], unassignedSince };
      return healthReport({ connected: true, consumers: [consumer], now: NOW });
    };
    expect(untold(NOW - HOLD_MS - 35_000).status).toBe('up');
    expect(untold(NOW - HOLD_MS - 35_001)).toMatchObject({
      status: 'down',
      message: 'g was not told which queues it has since 2026-01-01T00:09:09.999Z',
    });
  });

  it('is down when it has ended', () => {
    const consumer = { group: 'g', isRunning: false, holdMs: HOLD_MS, queues: [] };
    const { status, message } = healthReport({ connected: true, consumers: [consumer], now: NOW });
    expect([status, message]).toEqual(['down', 'g does not consume']);
  });
});
