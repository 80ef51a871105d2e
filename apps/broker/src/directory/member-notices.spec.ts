import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, type Connection } from '@halfmq/remoting';
import { MemberNotices } from './member-notices.js';

describe('notices of who came and left', () => {
  let clock: ManualClock;
  let told: number;
  let notices: MemberNotices;
  const members: Connection[] = [];

  beforeEach(() => {
    clock = new ManualClock();
    told = 0;
    notices = new MemberNotices(clock, () => members);
  });

  function grow(count: number): void {
    members.length = 0;
    const connection = { oneWay: () => ++told > 0 } as Partial<Connection> as Connection;
    for (let each = 0; each < count; each++) members.push(connection);
  }

  it('come at once, each of them, in a small group', () => {
    grow(64);
    for (let change = 0; change < 3; change++) notices.changed('g');
    expect(told).toBe(3 * 64);
  });

  it('of a large group come at once after a rest, and what changes during one is told once behind it', async () => {
    grow(1000);
    for (let change = 0; change < 500; change++) notices.changed('g');
    expect(told).toBe(1000);
    await clock.advance(99);
    expect(told).toBe(1000);
    await clock.advance(1);
    expect(told).toBe(2000);
    await clock.advance(1_000);
    expect(told).toBe(2000);
    notices.changed('g');
    expect(told).toBe(3000);
  });

  it('end when the broker stops', async () => {
    grow(1000);
    for (let change = 0; change < 5; change++) notices.changed('g');
    notices.stop();
    notices.changed('g');
    await clock.advance(1_000);
    expect(told).toBe(1000);
  });
});
