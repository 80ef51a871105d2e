import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatProperties, silentLog, tagsCode } from '@halfmq/remoting/record';
import { bodies, done, half, message, readAll, store, StoreFixture } from '../fixture.js';
import type { HalfMessage, MessageStore, NewMessage, Verdict } from '../message-store.js';
import { rebuildState } from '../rebuild-state.js';
import { OP_TOPIC } from '../system-topics.js';
import { StateEnvironment, stateFile } from './state-environment.js';

const PARKED = 'TRANS_CHECK_MAX_TIME_TOPIC';
const TIMER = 'rmq_sys_wheel_timer';

let fixture: StoreFixture;
let opened: MessageStore;
beforeEach(async () => {
  fixture = new StoreFixture();
  opened = await fixture.open();
});
afterEach(() => fixture.end());

async function prepare(transaction: string | undefined, ...texts: string[]): Promise<number[]> {
  const places = await store(opened, ...texts.map((body) => half(transaction, body)));
  return places.map(({ queueOffset }) => queueOffset);
}

const verdict = (kind: Verdict['kind'], more: Partial<Verdict> = {}): Verdict => {
  return { kind, by: 'producer', at: fixture.clock.now(), ...more };
};
const final = ({ halfOffset }: HalfMessage): NewMessage => message('placed', `final ${halfOffset}`);

function decide(halfOffset: number, given: Verdict, finalOf = final): Promise<void> {
  const makes = given.kind === 'commit' ? finalOf : undefined;
  return done((stored) => void opened.halves.decide(halfOffset, given, makes, stored));
}

function park(halfOffset: number): Promise<void> {
  const copyOf = (each: HalfMessage): NewMessage => message(PARKED, `copy ${each.halfOffset}`);
  return done((stored) => void opened.halves.park(halfOffset, copyOf, stored));
}

const offsetsOf = (halves: readonly { halfOffset: number }[]): number[] =>
  halves.map(({ halfOffset }) => halfOffset);
const due = (at = Number.MAX_SAFE_INTEGER): number[] => offsetsOf(opened.halves.due(at, 99));

async function reopen(): Promise<void> {
  await opened.close();
  opened = await fixture.open();
}

/** The state is made again from the log alone. */
async function rebuild(): Promise<void> {
  await opened.close();
  await rebuildState(fixture.options());
  opened = await fixture.open();
}

/** A page of the state (half-pages.ts) as it was before its rows told of transactions. */
function withoutTransactions(page: Buffer): Buffer {
  const count = page.readUInt8(0) & 0x7f;
  const rowsAt = page.length - count * 37;
  const rows = Array.from({ length: count }, (_, each) => {
    const at = rowsAt + each * 37;
    const row = Buffer.alloc(32);
    page.copy(row, 0, at, at + 6);
    for (const number of [0, 1, 2])
      page.copy(row, 10 + number * 8, at + 7 + number * 6, at + 13 + number * 6);
    return row;
  });
  return Buffer.concat([Buffer.from([count]), page.subarray(1, rowsAt), ...rows]);
}

describe('half messages of one transaction', () => {
  it('are decided at once, whichever of them is named, and nobody else is', async () => {
    const [first = -1, second = -1] = await prepare('tx-1', 'a', 'b');
    const [stranger = -1] = await prepare('tx-2', 'c');
    const [third = -1] = await prepare('tx-1', 'd');
    await store(opened, half('tx-1', 'e', 'other producers'), half(undefined, 'f'));
    expect(offsetsOf(opened.halves.together(second))).toEqual([first, second, third]);
    expect(offsetsOf(opened.halves.group('orders', 'tx-1'))).toEqual([first, second, third]);
    const given = verdict('commit');
    await decide(second, given);
    expect(bodies(readAll(opened, 'placed'))).toEqual([first, second, third].map((each) => `final ${each}`));
    expect(bodies(readAll(opened, OP_TOPIC))).toEqual([`${first},${second},${third},`]);
    expect(offsetsOf(opened.halves.undecided(9))).toEqual([stranger, 4, 5]);
    for (const each of [first, third]) {
      expect(opened.halves.find(each)).toEqual({ verdict: given });
      await decide(each, verdict('commit'));
    }
    expect(readAll(opened, 'placed')).toHaveLength(3);
  });

  it.each([
    ['a restart', reopen],
    ['the loss of the state', rebuild],
  ])('belong together and stay decided over %s', async (_, again) => {
    const [first = -1, second = -1] = await prepare('tx-1', 'a', 'b');
    const [waits = -1] = await prepare('tx-2', 'c', 'd');
    await decide(first, verdict('rollback', { by: 'operator', operator: 'alice', reason: 'a test' }));
    const before = opened.halves.find(second);
    await again();
    expect(opened.halves.find(second)).toEqual(before);
    expect(before?.verdict).toMatchObject({ by: 'operator', operator: 'alice', reason: 'a test' });
    expect(offsetsOf(opened.halves.together(waits))).toEqual([2, 3]);
    expect(due()).toEqual([waits]);
    await decide(3, verdict('commit'));
    await again();
    expect([opened.halves.pending, due()]).toEqual([0, []]);
    expect(bodies(readAll(opened, 'placed'))).toEqual(['final 2', 'final 3']);
  });

  it('belong together in a state that was written before half messages did', async () => {
    await prepare('tx-1', 'a', 'b');
    await prepare('tx-2', 'c');
    await opened.close();
    const state = await StateEnvironment.open(stateFile(fixture.path), silentLog);
    const [page] = state.all('u');
    const value = page ? withoutTransactions(page.value) : Buffer.alloc(0);
    await state.write([{ key: page?.key ?? Buffer.alloc(0), value }], state.appliedOffset);
    await state.close();
    opened = await fixture.open();
    for (const again of [reopen, reopen]) {
      expect(offsetsOf(opened.halves.together(1))).toEqual([0, 1]);
      expect([opened.halves.pending, due()]).toEqual([3, [0, 2]]);
      await again();
    }
    await decide(1, verdict('commit'));
    expect(bodies(readAll(opened, 'placed'))).toEqual(['final 0', 'final 1']);
  });

  it('may wait for different times: what waits and what does not is one append', async () => {
    const [first = -1] = await prepare('tx-1', 'now', 'later', 'tagged');
    await done((stored) => {
      const finalOf = ({ halfOffset }: HalfMessage) => {
        if (halfOffset === 1) return { ...message(TIMER, 'later'), deliverAt: fixture.clock.now() + 5000 };
        return message('placed', `${halfOffset}`, { properties: formatProperties([['TAGS', 'new']]) });
      };
      opened.halves.decide(first, verdict('commit'), finalOf, stored);
      expect(bodies(readAll(opened, 'placed'))).toEqual([]);
    });
    const isNew = (slot: number): boolean => slot === tagsCode('new');
    const tagged = opened.read('placed', 0, 0, { maxMessages: 9, maxBytes: 9999, accepts: isNew });
    expect(tagged.count).toBe(2);
    expect(opened.delayed.nextDueAt()).toBe(fixture.clock.now() + 5000);
    await rebuild();
    expect(opened.delayed.waiting).toBe(1);
  });

  it('are asked about by the oldest of them, and wait, park and are resumed together', async () => {
    const [first = -1, second = -1] = await prepare('tx-1', 'a', 'b');
    const [alone = -1] = await prepare(undefined, 'c');
    expect(due()).toEqual([first, alone]);
    opened.halves.checked(first, fixture.clock.now() + 30_000);
    expect(opened.halves.find(second)?.half).toMatchObject({
      checks: 1,
      nextCheckAt: fixture.clock.now() + 30_000,
    });
    expect(due(fixture.clock.now() + 29_999)).toEqual([alone]);
    await park(second);
    expect([opened.halves.parked, due()]).toEqual([2, [alone]]);
    expect(bodies(readAll(opened, PARKED))).toEqual(['copy 0', 'copy 1']);
    const [late = -1] = await prepare('tx-1', 'late');
    expect(due()).toEqual([alone, late]);
    await reopen();
    expect([opened.halves.parked, due()]).toEqual([2, [alone, late]]);
    await done((stored) => opened.halves.resume(second, fixture.clock.now(), stored));
    expect([opened.halves.parked, due()]).toEqual([0, [first, alone]]);
    await rebuild();
    expect([opened.halves.parked, due()]).toEqual([0, [first, alone]]);
  });

  it('begin anew after their decision', async () => {
    const [first = -1] = await prepare('tx-1', 'a');
    await decide(first, verdict('commit'));
    const [late = -1] = await prepare('tx-1', 'late');
    expect(opened.halves.find(late)?.half?.state).toBe('pending');
    expect(due()).toEqual([late]);
  });

  it('that are only placed are not decided with the others', async () => {
    const [first = -1] = await prepare('tx-1', 'a');
    const placed = done((stored) => void opened.append([half('tx-1', 'b')], stored));
    await Promise.all([placed, decide(first, verdict('commit'))]);
    expect(offsetsOf(opened.halves.undecided(9))).toEqual([1]);
    expect(due()).toEqual([1]);
  });

  it('stay as they are when a final message cannot be made', async () => {
    const [first = -1] = await prepare('tx-1', 'a', 'b');
    const failing = ({ halfOffset }: HalfMessage): NewMessage => {
      if (halfOffset === 1) throw new Error('no');
      return message('placed', 'x');
    };
    await expect(decide(first, verdict('commit'), failing)).rejects.toThrow('no');
    expect(opened.halves.pending).toBe(2);
    await decide(first, verdict('commit'));
    expect(readAll(opened, 'placed')).toHaveLength(2);
  });

  it('go on without one that cannot be read', async () => {
    const [first = -1, second = -1] = await prepare('tx-1', 'a', 'b', 'c');
    opened.halves.setApart(first, fixture.clock.now() + 99_000);
    expect(due(fixture.clock.now() + 6000)).toEqual([second]);
    await decide(2, verdict('commit'), (each) => (each.halfOffset === 1 ? undefined! : final(each)));
    expect(offsetsOf(opened.halves.undecided(9))).toEqual([first, second]);
    expect(due()).toEqual([second, first]);
    await decide(second, verdict('rollback'));
    expect(offsetsOf(opened.halves.undecided(9))).toEqual([first]);
  });

  it('are refused where one verdict could not decide them all, or their id is none', async () => {
    for (const id of ['a b', 'x'.repeat(65)]) {
      await expect(prepare(id, 'a')).rejects.toThrow('HALFMQ_TX');
    }
    for (let from = 0; from < 1000; from += 250) {
      await prepare('tx-1', ...Array.from({ length: 250 }, (_, at) => `${from + at}`));
    }
    await expect(prepare('tx-1', 'one more')).rejects.toThrow('1001 half messages');
    await store(opened, half('tx-1', 'of others', 'other producers'));
    const megabytes = 'x'.repeat(6 * 1024 * 1024);
    await prepare('tx-2', megabytes);
    await prepare('tx-2', megabytes);
    await expect(prepare('tx-2', megabytes)).rejects.toThrow('16777216 bytes');
    await decide(0, verdict('commit'));
    expect(readAll(opened, 'placed')).toHaveLength(1000);
  });
});
