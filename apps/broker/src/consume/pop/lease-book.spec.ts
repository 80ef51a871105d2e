import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allOpen, isOpen, LeaseBook, type Lease } from './lease-book.js';

const HELD_MS = 1_000;

/** What a queue's messages are in, in the simplest words: with somebody until a time, or nowhere. */
class Model {
  readonly held = new Map<number, { start: number; popTime: number; until: number }>();
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('pop' as const), count: fc.integer({ min: 1, max: 32 }) }),
  },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('done' as const), which: fc.nat(200) }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('change' as const), which: fc.nat(200), ms: fc.nat(3_000) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.nat(1_500) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('restart' as const) }) },
);

describe('the book of leases', () => {
  it('has every message with one, until it is done or its time is over', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model();
        const parts = new Set<string>();
        const note = (_group: string, _topic: string, part: string): void => void parts.add(part);
        let book = new LeaseBook(note);
        let now = 1_000_000;
        let next = 0;
        const held = (which: number) => [...model.held][which % Math.max(1, model.held.size)];
        const place = (at: { start: number; popTime: number }) => ({
          group: 'g',
          topic: 't',
          queueId: 3,
          ...at,
        });
        for (const each of steps) {
          if (each.act === 'pop') {
            const offsets = Array.from({ length: each.count }, () => next++ * 2);
            const popTime = now;
            book.give(leaseOf(offsets, popTime, HELD_MS));
            for (const offset of offsets)
              model.held.set(offset, { start: offsets[0]!, popTime, until: popTime + HELD_MS });
          } else if (each.act === 'done') {
            const [offset = -1, at] = held(each.which) ?? [];
            expect(book.done(place(at ?? { start: 0, popTime: 0 }), offset)).toBe(model.held.delete(offset));
          } else if (each.act === 'change') {
            const [offset, at] = held(each.which) ?? [];
            if (offset === undefined || !at) continue;
            const popTime = Math.max(now, at.popTime + 1);
            book.give(leaseOf([offset], popTime, each.ms));
            expect(book.done(place(at), offset)).toBe(true);
            model.held.set(offset, { start: offset, popTime, until: popTime + each.ms });
          } else if (each.act === 'pass') {
            now += each.ms;
            for (const lease of book.takeDue(now, Infinity)) {
              for (const [nth, offset] of lease.offsets.entries()) {
                if (!isOpen(lease, nth)) continue;
                const known = model.held.get(offset);
                expect(known?.popTime).toBe(lease.popTime);
                expect(known?.until).toBeLessThanOrEqual(now);
                model.held.delete(offset);
                book.end(lease, nth);
              }
            }
            // what is left is due later, and not more than a tick ago
            for (const { until } of model.held.values()) expect(until).toBeGreaterThan(now - 100);
          } else {
            const rows = [...parts].flatMap((part) => book.rowsOf('g', 't', part));
            book = new LeaseBook(note);
            book.restore('g', 't', JSON.parse(JSON.stringify(rows)) as number[][]);
          }
          expect(book.held('g', 't')).toBe(model.held.size);
        }
        for (const [offset, at] of model.held) expect(book.holds(place(at), offset)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('brings back at once what another lease has pushed out of its place', () => {
    const book = new LeaseBook(() => undefined);
    book.give(leaseOf([5, 6], 1_000, 60_000));
    book.give(leaseOf([5], 1_000, 60_000));
    expect(book.takeDue(1_100, Infinity).map(({ offsets }) => offsets)).toEqual([[5, 6]]);
  });

  it('tells of it once, also where both times are over', () => {
    const book = new LeaseBook(() => undefined);
    book.give(leaseOf([5, 6], 1_000, 60_000));
    book.give(leaseOf([5], 1_000, 60_000));
    expect(book.takeDue(61_000, Infinity).map(({ offsets }) => offsets)).toEqual([[5, 6], [5]]);
  });

  it('tells of no more at once than it is asked for, and of the rest next', () => {
    const book = new LeaseBook(() => undefined);
    const starts = [0, 2, 4, 6, 8];
    for (const start of starts) book.give(leaseOf([start, start + 1], 1_000, 5_000 + start * 20));
    const take = () => book.takeDue(6_200, 3).map(({ offsets: [start] }) => start);
    expect([take(), take(), book.nextDueAt()]).toEqual([[0, 2], [4, 6], 6_200]);
    expect([take(), take(), book.nextDueAt()]).toEqual([[8], [], undefined]);
  });

  it('remembers by when messages were stored, where that is later than they were handed out', () => {
    const book = new LeaseBook(() => undefined);
    const leases: Lease[] = [
      leaseOf([5, 6], 1_000, 60_000),
      { ...leaseOf([9], 1_000, 60_000), storedBy: 5_000 },
    ];
    for (const lease of leases) book.give(lease);
    const again = new LeaseBook(() => undefined);
    again.restore('g', 't', JSON.parse(JSON.stringify(book.rowsOf('g', 't', '3.0'))) as number[][]);
    expect(again.takeDue(61_000, Infinity)).toEqual(leases);
  });

  it('keeps nothing of what has ended', () => {
    const touched: string[] = [];
    const book = new LeaseBook((group, topic, part) => touched.push(`${group} ${topic} ${part}`));
    book.give(leaseOf([1, 2], 1_000, 5_000));
    book.done({ group: 'g', topic: 't', queueId: 3, start: 1, popTime: 1_000 }, 1);
    book.done({ group: 'g', topic: 't', queueId: 3, start: 1, popTime: 1_000 }, 2);
    expect([book.nextDueAt(), book.rowsOf('g', 't', '3.0'), book.held('g', 't')]).toEqual([undefined, [], 0]);
    expect(touched).toEqual(['g t 3.0', 'g t 3.0', 'g t 3.0']);
  });

  it('says of a change which part has to be written anew, a small one of many', () => {
    const touched = new Set<string>();
    const book = new LeaseBook((_group, _topic, part) => touched.add(part));
    const many = 200_000;
    // each of its own time: as many ticks
    for (let start = 0; start < many; start++) book.give(leaseOf([start], 1_000, 5_000 + start * 100));
    touched.clear();
    const place = { group: 'g', topic: 't', queueId: 3, start: 77_777, popTime: 1_000 };
    expect(book.done(place, 77_777)).toBe(true);
    expect([...touched].map((part) => book.rowsOf('g', 't', part).length)).toEqual([1023]);
    expect(book.held('g', 't')).toBe(many - 1);
    expect(book.nextDueAt()).toBe(6_000);
    expect(book.takeDue(6_100, Infinity).map(({ offsets }) => offsets)).toEqual([[0], [1]]);
    expect(book.nextDueAt()).toBe(6_200);
  });
});

function leaseOf(offsets: number[], popTime: number, invisibleMs: number): Lease {
  return { group: 'g', topic: 't', queueId: 3, popTime, invisibleMs, offsets, open: allOpen(offsets.length) };
}
