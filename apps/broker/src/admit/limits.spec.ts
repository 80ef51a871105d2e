import { describe, expect, it } from '@jest/globals';
import type { StoreLoad } from '@halfmq/store';
import { Limits } from './limits.js';

const IDLE: StoreLoad = { unanswered: 0, unansweredBytes: 0, unsyncedBytes: 0, blockedMs: 0 };
const SETTINGS = {
  brokerFastFailureEnable: true,
  waitTimeMillsInSendQueue: 200,
  osPageCacheBusyTimeOutMills: 1_000,
};
const BUSY = 'start flow control for a while';

describe('limits', () => {
  const refusal = (load: Partial<StoreLoad>, waitedMs = 0, settings = SETTINGS): unknown =>
    new Limits(settings, { ...IDLE, ...load }).refuseSend(waitedMs);

  it('take a send while nothing is above them', () => {
    const much = { unanswered: 60_000, unansweredBytes: 64 * 1024 * 1024, blockedMs: 1_000 };
    expect(refusal(much, 200)).toBeUndefined();
  });

  it("refuse in RocketMQ's words, by which its users know what is busy", () => {
    const status = 'SYSTEM_BUSY';
    expect(refusal({ unansweredBytes: 64 * 1024 * 1024 + 1 })).toMatchObject({
      status,
      message: `[OVERLOAD]system busy, ${BUSY}`,
    });
    expect(refusal({ blockedMs: 1_001 })).toMatchObject({
      status,
      message: `[PC_SYNCHRONIZED]broker busy, ${BUSY}`,
    });
    expect(refusal({ unanswered: 7 }, 200.6)).toMatchObject({
      status,
      message: `[TIMEOUT_CLEAN_QUEUE]broker busy, ${BUSY}, period in queue: 201ms, size of queue: 7`,
    });
  });

  it('let a send wait for long where fast failure is switched off', () => {
    expect(refusal({}, 60_000, { ...SETTINGS, brokerFastFailureEnable: false })).toBeUndefined();
  });

  it('hold so many pulls and not one more', () => {
    const limits = new Limits(SETTINGS, IDLE);
    expect(limits.refuseHold(65_535)).toBeUndefined();
    expect(limits.refuseHold(65_536)?.message).toBe(`[OVERLOAD]system busy, ${BUSY}`);
  });
});
