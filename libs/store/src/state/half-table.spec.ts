import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { transactionKey } from './transaction-key.js';
import type { Row } from './half-rows.js';
import { HalfTable } from './half-table.js';

const WAIT = 100;

type Step =
  | { readonly act: 'enter'; readonly count: number; readonly transaction: number; readonly group: number }
  | { readonly act: 'move'; readonly which: number; readonly to: number }
  | { readonly act: 'restart'; readonly which: number; readonly to: number }
  | { readonly act: 'park'; readonly which: number }
  | { readonly act: 'set apart'; readonly which: number }
  | { readonly act: 'close'; readonly which: number; readonly all: boolean; readonly undone: boolean }
  | { readonly act: 'forget' }
  | { readonly act: 'tidy' };

const which = fc.nat(1_000_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('enter' as const),
      count: fc.integer({ min: 1, max: 4 }),
      transaction: fc.nat(5),
      group: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('move'), which, to: fc.nat(2000) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('restart'), which, to: fc.nat(2000) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('park'), which }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('set apart'), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('close' as const),
      which,
      all: fc.boolean(),
      undone: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ act: 'forget' } as const, { act: 'tidy' } as const) },
);

interface Known {
  transaction: string;
  parked: boolean;
  at: number;
}

/** The table beside a plain map. */
class Pair {
  readonly table = new HalfTable(WAIT, () => '');
  readonly model = new Map<number, Known>();
  private next = 0;
  private now = 1000;

  run(change: Step): void {
    if (change.act === 'enter') this.enter(change.count, change.transaction, change.group);
    else if (change.act === 'tidy') this.table.changes();
    else if (change.act === 'forget') this.forget();
    else {
      const offsets = [...this.model.keys()];
      const halfOffset = offsets[change.which % Math.max(1, offsets.length)];
      const row = halfOffset === undefined ? undefined : this.table.rows.find(halfOffset);
      if (row) this.change(row, change);
    }
    this.follow();
  }

  private enter(count: number, transaction: number, group: number): void {
    const from = this.next;
    for (let each = 0; each < count; each++) {
      this.now += 7;
      const halfOffset = this.next++;
      const id = transaction === 0 ? undefined : `tx-${transaction}`;
      const facts = { halfOffset, physicalOffset: halfOffset, storeTimestamp: this.now, checks: 0, bytes: 1 };
      const names = {
        producerGroup: `g${group}`,
        topic: 't',
        transactionKey: transactionKey(id),
        byUrl: false,
      };
      this.table.enter({ ...facts, ...names, state: 'pending', nextCheckAt: this.now + WAIT });
      const key = id ? `${group} ${id}` : `alone ${halfOffset}`;
      this.model.set(halfOffset, { transaction: key, parked: false, at: this.now + WAIT });
    }
    this.table.enrolFrom(from);
  }

  private forget(): void {
    const from = this.next;
    this.enter(2, 1, 0);
    this.table.forgetFrom(from);
    for (const halfOffset of [from, from + 1]) this.model.delete(halfOffset);
  }

  private change(row: Row, change: Exclude<Step, { act: 'enter' | 'forget' | 'tidy' }>): void {
    const { table } = this;
    const all = [row, ...table.groups.others(row)];
    const known = all.flatMap(({ halfOffset }) => this.model.get(halfOffset) ?? []);
    if (change.act === 'move') {
      table.move(row, change.to, 'checked');
      for (const each of known) each.at = change.to;
    } else if (change.act === 'restart') {
      table.restart(all, change.to);
      for (const each of known) Object.assign(each, { at: change.to, parked: false });
    } else if (change.act === 'park') {
      table.setParked(all, true);
      for (const each of known) each.parked = true;
    } else if (change.act === 'set apart') {
      table.setApart(row, 1500);
      Object.assign(known[0]!, { transaction: `apart ${row.halfOffset}`, at: 1500 });
    } else {
      const closed = change.all ? all : [row];
      const offsets = closed.map(({ halfOffset }) => halfOffset);
      table.close(closed);
      if (change.undone) table.reopen(offsets);
      else for (const halfOffset of offsets) this.model.delete(halfOffset);
    }
  }

  /** Who is pending takes the time of the oldest pending one of its transaction. */
  private follow(): void {
    const leaders = new Map<string, Known>();
    for (const each of this.model.values()) {
      if (each.parked) continue;
      const leader = leaders.get(each.transaction);
      if (leader) each.at = leader.at;
      else leaders.set(each.transaction, each);
    }
  }

  expectSame(): void {
    const { table } = this;
    const leaders = new Map<string, [number, number]>();
    for (const [halfOffset, { transaction, parked, at }] of this.model) {
      if (!parked && !leaders.has(transaction)) leaders.set(transaction, [at, halfOffset]);
      const row = table.rows.find(halfOffset)!;
      const together = [row, ...table.groups.others(row)].map((each) => each.halfOffset).toSorted(byNumber);
      const wanted = [...this.model].filter(([, each]) => each.transaction === transaction);
      expect(together).toEqual(wanted.map(([each]) => each));
      expect([row.isParked, row.nextCheckAt]).toEqual([parked, at]);
    }
    const wanted = [...leaders.values()].toSorted(([a, x], [b, y]) => a - b || x - y);
    const due = table.order.due(Infinity, 1000, Infinity);
    expect(due.map((row) => [row.nextCheckAt, row.halfOffset]).toSorted(byTime)).toEqual(wanted);
    expect(table.order.nextAt(Infinity)).toBe(wanted[0]?.[0]);
    expect(table.parked).toBe([...this.model.values()].filter(({ parked }) => parked).length);
    expect(table.pending + table.parked).toBe(this.model.size);
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function byTime([a = 0, x = 0]: number[], [b = 0, y = 0]: number[]): number {
  return a - b || x - y;
}

describe('half messages in memory', () => {
  it('lie beside those of their transaction, of which the oldest pending one is asked about', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pair = new Pair();
        for (const each of steps) {
          pair.run(each);
          pair.expectSame();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('take room for those that wait, and give it back', () => {
    const table = new HalfTable(WAIT, () => '');
    const names = {
      producerGroup: 'g',
      topic: 't',
      bytes: 1,
      storeTimestamp: 1,
      checks: 0,
      nextCheckAt: 1,
      byUrl: false,
    };
    for (let halfOffset = 0; halfOffset < 20_000; halfOffset++) {
      const key = transactionKey(`tx-${halfOffset}`);
      table.enter({ ...names, halfOffset, physicalOffset: 0, transactionKey: key, state: 'pending' });
    }
    expect(table.groups.slotCount).toBe(32_768);
    let alone = 0;
    for (const row of table.from(0)) {
      if (table.groups.isAlone(row)) alone++;
      if (row.halfOffset % 100 !== 0) table.close([table.rows.find(row.halfOffset)!]);
    }
    expect(alone).toBe(20_000);
    for (let each = 0; each < 3; each++) table.changes();
    expect(table.groups.slotCount).toBe(1024);
    expect([...table.groups.withKey(transactionKey('tx-100'))].map((row) => row.halfOffset)).toEqual([100]);
    expect([...table.groups.withKey(transactionKey('tx-101'))]).toEqual([]);
  });
});
