import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord, formatProperties } from '@halfmq/remoting/record';
import { bodies, done, message, readAll, store, StoreFixture } from '../fixture.js';
import type { MessageStore, Verdict } from '../message-store.js';
import { HALF_TOPIC, OP_TOPIC } from '../system-topics.js';

describe('the half ledger', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  beforeEach(async () => {
    fixture = new StoreFixture();
    opened = await fixture.open();
  });
  afterEach(() => fixture.end());

  const verdict = (kind: Verdict['kind'], by: Verdict['by'] = 'producer'): Verdict => ({
    kind,
    by,
    at: fixture.clock.now(),
  });

  async function half(body = 'half'): Promise<number> {
    const properties = formatProperties([
      ['PGROUP', 'orders'],
      ['REAL_TOPIC', 'placed'],
      ['UNIQ_KEY', body],
    ]);
    const [place] = await store(opened, message(HALF_TOPIC, body, { properties }));
    return place?.queueOffset ?? -1;
  }

  async function reopen(): Promise<void> {
    await opened.close();
    opened = await fixture.open();
  }

  it('knows a half message from the moment it is placed', async () => {
    const offset = await half('k1');
    expect(opened.halves.find(offset)?.half).toMatchObject({
      halfOffset: offset,
      producerGroup: 'orders',
      topic: 'placed',
      uniqueKey: 'k1',
      state: 'pending',
      checks: 0,
      nextCheckAt: fixture.clock.now() + 6000,
    });
    expect(opened.halves.find(99)).toBeUndefined();
    expect(opened.halves.pending).toBe(1);
  });

  it('asks about nothing that is only placed: nobody could read it yet', async () => {
    const placed = half();
    expect(opened.halves.due(fixture.clock.now() + 6000, 10)).toEqual([]);
    expect(opened.halves.nextDueAt()).toBeUndefined();
    await placed;
    expect(opened.halves.due(fixture.clock.now() + 6000, 10)).toHaveLength(1);
  });

  it('checks no later because the clock was set back, though store times do not follow it', async () => {
    await half('before');
    fixture.clock.setWallClock(fixture.clock.now() - 7_200_000);
    const offset = await half('after');
    expect(opened.halves.find(offset)?.half?.nextCheckAt).toBe(fixture.clock.now() + 6000);
    await reopen();
    expect(opened.halves.find(offset)?.half?.nextCheckAt).toBe(fixture.clock.now() + 6000);
  });

  it('asks at once after a restart about what nobody could be asked about: who waits for whom is not written down', async () => {
    const [unasked, neighbour] = [await half('k1'), await half('k2')];
    const later = fixture.clock.now() + 240_000;
    opened.halves.postpone(unasked, later, 'unasked');
    // they lie in one page, which is written because of this
    opened.halves.checked(neighbour, later);
    await reopen();
    expect(opened.halves.due(fixture.clock.now(), 10).map(({ halfOffset }) => halfOffset)).toEqual([unasked]);
    expect(opened.halves.find(neighbour)?.half).toMatchObject({ checks: 1, nextCheckAt: later });
  });

  it('delivers once and keeps the first verdict, across restarts', async () => {
    const offset = await half();
    const first = verdict('commit');
    const decided = done((stored) => {
      expect(opened.halves.decide(offset, first, () => message('placed', 'final'), stored)).toBeUndefined();
    });
    const again = done((stored) => {
      expect(opened.halves.decide(offset, verdict('rollback', 'check'), undefined, stored)).toEqual(first);
    });
    await Promise.all([decided, again]);
    for (let restart = 0; restart < 2; restart++) {
      expect(opened.halves.find(offset)).toEqual({ verdict: first });
      const late = message('placed', 'final again');
      await done((stored) => {
        expect(opened.halves.decide(offset, verdict('commit'), () => late, stored)).toEqual(first);
      });
      expect(bodies(readAll(opened, 'placed'))).toEqual(['final']);
      expect(bodies(readAll(opened, OP_TOPIC))).toEqual([`${offset},`]);
      await reopen();
    }
  });

  it('remembers who decided, when, and why', async () => {
    const offset = await half();
    const byHand: Verdict = { kind: 'rollback', by: 'operator', at: 123_456, reason: 'order was a test' };
    await done((stored) => void opened.halves.decide(offset, byHand, undefined, stored));
    await fixture.clock.advance(1000);
    await reopen();
    expect(opened.halves.find(offset)?.verdict).toEqual(byHand);
  });

  it('gives what is due, the longest due first, and only that', async () => {
    const first = await half('1');
    await fixture.clock.advance(1000);
    const second = await half('2');
    const decided = await half('3');
    await done((stored) => void opened.halves.decide(decided, verdict('rollback'), undefined, stored));
    const due = () => opened.halves.due(fixture.clock.now(), 10).map(({ halfOffset }) => halfOffset);
    expect(due()).toEqual([]);
    await fixture.clock.advance(5000);
    expect(due()).toEqual([first]);
    await fixture.clock.advance(1000);
    expect(due()).toEqual([first, second]);
    opened.halves.checked(first, fixture.clock.now() + 30_000);
    opened.halves.postpone(second, fixture.clock.now() + 10_000);
    expect(due()).toEqual([]);
    expect(opened.halves.nextDueAt()).toBe(fixture.clock.now() + 10_000);
    expect(opened.halves.find(first)?.half).toMatchObject({ checks: 1 });
    expect(opened.halves.find(second)?.half).toMatchObject({ checks: 0 });
    await reopen();
    expect(opened.halves.nextDueAt()).toBe(fixture.clock.now() + 10_000);
    expect(opened.halves.find(first)?.half).toMatchObject({ checks: 1 });
  });

  it('parks without deciding, and a late verdict still decides', async () => {
    const offset = await half();
    await done(
      (stored) =>
        void opened.halves.park(offset, () => message('TRANS_CHECK_MAX_TIME_TOPIC', 'copy'), stored),
    );
    expect(opened.halves.due(fixture.clock.now() + 1e9, 10)).toEqual([]);
    expect(opened.halves.nextDueAt()).toBeUndefined();
    await reopen();
    expect(opened.halves.find(offset)?.half).toMatchObject({ state: 'parked' });
    expect([opened.halves.pending, opened.halves.parked]).toEqual([0, 1]);
    expect(opened.halves.nextDueAt()).toBeUndefined();
    expect(bodies(readAll(opened, 'TRANS_CHECK_MAX_TIME_TOPIC'))).toEqual(['copy']);
    await done(
      (stored) => void opened.halves.decide(offset, verdict('commit'), () => message('placed', 'f'), stored),
    );
    expect([opened.halves.pending, opened.halves.parked]).toEqual([0, 0]);
    expect(bodies(readAll(opened, 'placed'))).toEqual(['f']);
  });

  it('resumes a parked one with no check counted', async () => {
    const offset = await half();
    opened.halves.checked(offset, fixture.clock.now() + 1);
    await done(
      (stored) =>
        void opened.halves.park(offset, () => message('TRANS_CHECK_MAX_TIME_TOPIC', 'copy'), stored),
    );
    await done((stored) => opened.halves.resume(offset, fixture.clock.now() + 50, stored));
    await reopen();
    expect(opened.halves.find(offset)?.half).toMatchObject({ state: 'pending', checks: 0 });
    expect(opened.halves.nextDueAt()).toBe(fixture.clock.now() + 50);
  });

  it('lists the undecided in order, page by page', async () => {
    for (let each = 0; each < 5; each++) await half(`${each}`);
    await done((stored) => void opened.halves.decide(2, verdict('rollback'), undefined, stored));
    const offsets = (after?: number) => opened.halves.undecided(2, after).map(({ halfOffset }) => halfOffset);
    expect([offsets(), offsets(1), offsets(4)]).toEqual([[0, 1], [3, 4], []]);
  });

  it('stores the half message as it is on the wire', async () => {
    const offset = await half('wire');
    const entry = opened.halves.find(offset)?.half;
    const record = decodeRecord(opened.recordAt(entry?.physicalOffset ?? -1) ?? Buffer.alloc(0));
    expect(record).toMatchObject({ topic: HALF_TOPIC, queueId: 0, queueOffset: offset });
  });
});
