import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CheckOrder } from './check-order.js';
import { HalfGroups } from './half-groups.js';
import { HalfRows, type Row } from './half-rows.js';

const USUAL = 100;

type Step =
  | { readonly act: 'add'; readonly wait: number; readonly after: number }
  | { readonly act: 'move'; readonly which: number; readonly to: number }
  | { readonly act: 'park' | 'resume' | 'decide' | 'undo'; readonly which: number }
  | { readonly act: 'tidy' };

const which = fc.nat(1_000_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    act: fc.constant('add' as const),
    wait: fc.oneof(fc.constant(USUAL), fc.nat(300)),
    after: fc.integer({ min: -5, max: 40 }),
  }),
  fc.record({ act: fc.constant('move' as const), which, to: fc.nat(2000) }),
  fc.record({ act: fc.constantFrom('park', 'resume', 'decide', 'undo'), which }),
  fc.constant({ act: 'tidy' } as const),
);

/** Rows and their order beside a plain map of the pending ones: half offset → next check. */
class Pair {
  readonly rows = new HalfRows();
  readonly order = new CheckOrder(this.rows, new HalfGroups(this.rows), USUAL);
  readonly pending = new Map<number, number>();
  private readonly parked = new Set<number>();
  private undecided: (() => void) | undefined;
  private next = 0;
  private now = 1000;

  run(change: Step): void {
    if (change.act === 'add') this.add(change.wait, change.after);
    else if (change.act === 'tidy') this.tidy();
    else if (change.act === 'undo') this.undecided?.();
    else {
      const row = this.rows.find(change.which % Math.max(1, this.next));
      if (row) this.change(row, change);
    }
    if (change.act === 'undo') this.undecided = undefined;
  }

  private add(wait: number, after: number): void {
    this.now = Math.max(1000, this.now + after);
    const halfOffset = this.next++;
    const nextCheckAt = this.now + wait;
    const facts = { halfOffset, physicalOffset: halfOffset, storeTimestamp: this.now, nextCheckAt };
    const names = { producerGroup: 'g', topic: 't', transactionKey: 0, bytes: 0, byUrl: false };
    const row = { ...facts, ...names, state: 'pending', checks: 0 } as const;
    this.order.add(this.rows.add(row));
    this.pending.set(halfOffset, nextCheckAt);
  }

  private change(row: Row, { act, ...more }: Step): void {
    const { halfOffset, nextCheckAt } = row;
    if (act === 'move' && 'to' in more) {
      row.nextCheckAt = more.to;
      if (row.isParked) return;
      this.order.sort(row);
      this.pending.set(halfOffset, more.to);
    } else if (act === 'park') {
      row.isParked = true;
      this.order.leave(row);
      this.parked.add(halfOffset);
      this.pending.delete(halfOffset);
    } else if (act === 'resume') {
      row.isParked = false;
      this.order.sort(row);
      this.parked.delete(halfOffset);
      this.pending.set(halfOffset, nextCheckAt);
    } else if (act === 'decide') this.decide(row);
  }

  private decide(row: Row): void {
    const { halfOffset, nextCheckAt, isParked } = row;
    row.remove();
    this.pending.delete(halfOffset);
    this.undecided = () => {
      const again = this.rows.revive(halfOffset);
      if (isParked) return;
      this.order.sort(again);
      this.pending.set(halfOffset, nextCheckAt);
    };
  }

  private tidy(): void {
    this.rows.tidy();
    this.undecided = undefined;
  }
}

describe('the order of checks', () => {
  it('is that of their times, whatever is stored, moved, parked, decided and undone', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.nat(2500),
        fc.integer({ min: 1, max: 9 }),
        (steps, now, limit) => {
          const pair = new Pair();
          const check = (): void => {
            const sorted = [...pair.pending].toSorted(([, a], [, b]) => a - b);
            const due = sorted.filter(([, at]) => at <= now).slice(0, limit);
            expect(pair.order.nextAt(Infinity)).toBe(sorted[0]?.[1]);
            const found = pair.order.due(now, limit, Infinity);
            expect(found.map(({ nextCheckAt }) => nextCheckAt)).toEqual(due.map(([, at]) => at));
            for (const { halfOffset, nextCheckAt } of found) {
              expect(pair.pending.get(halfOffset)).toBe(nextCheckAt);
            }
          };
          for (const [index, each] of steps.entries()) {
            pair.run(each);
            if (index % 10 === 0) check();
          }
          check();
        },
      ),
    );
  });
});
