import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { done, half, message, store, StoreFixture } from '../fixture.js';
import type { MessageStore, NewMessage, Verdict } from '../message-store.js';
import { rebuildState } from '../rebuild-state.js';

const PARKED = 'TRANS_CHECK_MAX_TIME_TOPIC';
const HOUR = 3_600_000;

let fixture: StoreFixture;
let opened: MessageStore;
beforeEach(async () => {
  fixture = new StoreFixture();
  opened = await fixture.open();
});
afterEach(() => fixture.end());

async function prepare(transaction: string | undefined, ...texts: string[]): Promise<void> {
  await store(opened, ...texts.map((body) => half(transaction, body)));
}

function decide(halfOffset: number, kind: Verdict['kind']): Promise<void> {
  const finalOf = kind === 'commit' ? (): NewMessage => message('placed', 'final') : undefined;
  const verdict = { kind, by: 'producer', at: fixture.clock.now() } as const;
  return done((stored) => void opened.halves.decide(halfOffset, verdict, finalOf, stored));
}

function park(halfOffset: number): Promise<void> {
  return done((stored) => void opened.halves.park(halfOffset, () => message(PARKED, 'copy'), stored));
}

const offsetsOf = (halves: readonly { halfOffset: number }[]): number[] =>
  halves.map(({ halfOffset }) => halfOffset);

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

describe('half messages that waited for somebody to ask', () => {
  it('are found by producer group and topic until they are asked about, postponed otherwise or decided', async () => {
    await prepare(undefined, 'a', 'b', 'c', 'd', 'e');
    await prepare('tx-1', 'f', 'g');
    await store(opened, half(undefined, 'h', 'others'));
    const { halves } = opened;
    const at = fixture.clock.now() + 30_000;
    for (const halfOffset of [0, 1, 2, 3, 5, 7]) halves.postpone(halfOffset, at, 'unasked');
    halves.postpone(4, at);
    const query = { producerGroup: 'orders', topic: 'placed', limit: 9, from: 0 };
    expect(offsetsOf(halves.unasked(query).halves)).toEqual([0, 1, 2, 3, 5]);
    halves.checked(0, at);
    halves.postpone(1, at);
    await decide(2, 'rollback');
    await park(3);
    expect(offsetsOf(halves.unasked(query).halves)).toEqual([5]);
    await done((stored) => halves.resume(3, at, stored));
    expect(halves.unasked({ ...query, producerGroup: 'others', limit: 1 })).toMatchObject({
      halves: [{ halfOffset: 7 }],
      next: undefined,
    });
    expect(halves.unasked({ ...query, topic: 'elsewhere' }).halves).toEqual([]);
    halves.postpone(4, at, 'unasked');
    const first = halves.unasked({ ...query, limit: 1 });
    expect([offsetsOf(first.halves), first.next]).toEqual([[4], 5]);
  });
});

describe('looking for half messages', () => {
  it('lists each transaction once, by state, topic, group and age, page by page', async () => {
    await prepare('tx-1', 'a', 'b');
    await store(opened, half(undefined, 'c', 'others'));
    await fixture.clock.advance(1000);
    const since = fixture.clock.now();
    await prepare('tx-2', 'd', 'e');
    await prepare('tx-3', 'f', 'g');
    await park(6);
    await decide(3, 'rollback');
    const found = (query: object): (readonly [number, string])[] =>
      opened.halves
        .list({ state: 'pending', limit: 9, ...query })
        .items.map((each) => [each.halfOffset, each.state]);
    expect(found({})).toEqual([
      [0, 'pending'],
      [2, 'pending'],
    ]);
    expect(found({ state: 'parked' })).toEqual([[5, 'parked']]);
    expect(found({ state: 'rolledBack' })).toEqual([[3, 'rolledBack']]);
    expect(found({ state: 'committed' })).toEqual([]);
    expect(found({ producerGroup: 'others' })).toEqual([[2, 'pending']]);
    expect(found({ topic: 'elsewhere' })).toEqual([]);
    expect(found({ state: 'parked', storedBefore: since })).toEqual([]);
    await decide(0, 'commit');
    await decide(2, 'commit');
    const first = opened.halves.list({ state: 'committed', limit: 1 });
    expect(offsetsOf(first.items)).toEqual([2]);
    const second = opened.halves.list({ state: 'committed', limit: 1, from: first.next });
    expect([offsetsOf(second.items), second.next]).toEqual([[0], undefined]);
    expect(second.items[0]).toMatchObject({
      transactionId: 'tx-1',
      topic: 'placed',
      producerGroup: 'orders',
    });
  });

  it('finds them by their transaction and by their unique key, undecided or decided', async () => {
    await prepare('tx-1', 'a', 'b');
    await prepare(undefined, 'classic');
    await decide(0, 'commit');
    await prepare('tx-1', 'late');
    const states = async (id: string): Promise<(readonly [number, string])[]> =>
      (await opened.halves.byId(id)).map((each) => [each.halfOffset, each.state]);
    for (const again of [reopen, rebuild, reopen]) {
      expect(await states('tx-1')).toEqual([
        [0, 'committed'],
        [1, 'committed'],
        [3, 'pending'],
      ]);
      expect(await states('key-b')).toEqual([[1, 'committed']]);
      expect(await states('key-classic')).toEqual([[2, 'pending']]);
      expect(await states('nobody')).toEqual([]);
      await again();
    }
  });

  it('finds by its unique key what was carried forward when its segment went', async () => {
    await opened.close();
    opened = await fixture.open({ segmentBytes: 64 * 1024, retentionMs: HOUR });
    await prepare('tx-1', 'a');
    await prepare(undefined, 'classic');
    for (let each = 0; each < 4; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
    fixture.clock.setWallClock(fixture.clock.now() + 2 * HOUR);
    for (let each = 0; each < 4; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
    // many short turns: retention waits for the disk, which the clock cannot move
    for (let turn = 0; turn < 50_000 && opened.minPhysicalOffset === 0; turn++)
      await fixture.clock.advance(20);
    expect(opened.minPhysicalOffset).toBeGreaterThan(0);
    expect((await opened.halves.byId('key-classic')).map(({ halfOffset }) => halfOffset)).toEqual([1]);
    expect((await opened.halves.byId('tx-1')).map(({ state }) => state)).toEqual(['pending']);
    expect(await opened.halves.byId('key-nobody')).toEqual([]);
  });
});
