import { describe, expect, it } from '@jest/globals';
import { every, systemClock } from './clock.js';
import { ManualClock } from './manual-clock.js';

describe('a manual clock', () => {
  it('fires timers in the order they are due, each at its own time', async () => {
    const clock = new ManualClock(1_000);
    const fired: [string, number][] = [];
    clock.after(20, () => fired.push(['b', clock.now()]));
    clock.after(10, () => {
      fired.push(['a', clock.now()]);
      clock.after(5, () => fired.push(['c', clock.now()]));
    });
    await clock.advance(20);
    expect(fired).toEqual([
      ['a', 1_010],
      ['c', 1_015],
      ['b', 1_020],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('sets the wall clock without moving what is measured', async () => {
    const clock = new ManualClock(0);
    clock.setWallClock(5_000);
    await clock.advance(10);
    expect([clock.now(), clock.monotonic()]).toEqual([5_010, 10]);
  });
});

describe('every', () => {
  it('begins the next wait when the last call has ended', async () => {
    const clock = new ManualClock();
    let calls = 0;
    let end: () => void = () => undefined;
    const stop = every(clock, 10, () => {
      calls++;
      return new Promise<void>((resolve) => (end = resolve));
    });
    await clock.advance(100);
    expect(calls).toBe(1);
    end();
    await clock.advance(10);
    expect(calls).toBe(2);
    end();
    stop();
    await clock.advance(100);
    expect([calls, clock.pending]).toEqual([2, 0]);
  });

  it('goes on after a call that failed, and tells', async () => {
    const clock = new ManualClock();
    const errors: unknown[] = [];
    const stop = every(
      clock,
      10,
      () => {
        throw new Error('once more');
      },
      (error) => errors.push(error),
    );
    await clock.advance(30);
    stop();
    expect(errors).toHaveLength(3);
  });
});

describe("the machine's clock", () => {
  it('grows, calls back, and can be told not to', async () => {
    const before = systemClock.monotonic();
    let cancelled = true;
    const cancel = systemClock.after(0, () => (cancelled = false));
    cancel();
    await new Promise<void>((resolve) => void systemClock.after(2, resolve));
    expect(cancelled).toBe(true);
    expect(systemClock.monotonic() - before).toBeGreaterThanOrEqual(1);
    expect(Number.isInteger(systemClock.now())).toBe(true);
  });
});
