import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { message, store, StoreFixture } from './fixture.js';
import { entryOffset, entrySize, entryTagsCode } from './index/entries.js';
import { Queue } from './index/queue.js';
import { IndexRows } from './index/rows.js';
import { storedRows } from './index/stored-index.js';
import { writeIndex } from './log/index-writing.js';
import { Segment } from './log/segment.js';
import { segmentFile } from './log/segment-files.js';
import type { MessageStore } from './message-store.js';
import { rebuildState } from './rebuild-state.js';
import { HALF_TOPIC } from './system-topics.js';
import { everythingIn, Workload } from './workload.js';

const HOUR = 3_600_000;
const SMALL = { segmentBytes: 64 * 1024, retentionMs: HOUR };
const KEPT = { ...SMALL, retentionMs: Number.MAX_SAFE_INTEGER };

describe('the state, made again from the log alone', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  let state = '';
  beforeEach(async () => {
    fixture = new StoreFixture();
    state = join(fixture.path, 'state.mdb');
    opened = await fixture.open(SMALL);
  });
  afterEach(() => fixture.end());

  /** Every segment that is full now becomes old and is unlinked. */
  async function age(): Promise<void> {
    const end = opened.maxPhysicalOffset;
    await fixture.clock.advance(2 * HOUR);
    await store(opened, message('filler', 'x'.repeat(64_000)), message('filler', 'x'.repeat(64_000)));
    for (let turn = 0; turn < 50_000 && opened.minPhysicalOffset < end - 100_000; turn++) {
      await fixture.clock.advance(20);
    }
    expect(opened.minPhysicalOffset).toBeGreaterThan(0);
  }

  /** Past the next snapshot of consumer offsets. */
  const snapshot = (): Promise<void> => fixture.clock.advance(6000);

  it.each([1, 2])(
    'is equal in all that is logged, also after retention took the beginning of the log (%d)',
    async (seed) => {
      const work = new Workload(fixture.clock, seed);
      await work.run(opened, 100);
      await age();
      await work.run(opened, 100);
      await snapshot();
      await opened.close();
      opened = await fixture.open(KEPT);
      const before = everythingIn(opened);
      await opened.close();
      const report = await rebuildState(fixture.options(KEPT));
      opened = await fixture.open(KEPT);
      expect(everythingIn(opened)).toEqual(before);
      expect(report).toMatchObject({
        topics: opened.settings.all('topic').size,
        pendingHalves: opened.halves.pending,
        parkedHalves: opened.halves.parked,
        delayed: opened.delayed.waiting,
      });
    },
  );

  it('has what lies behind an index record that cannot be read', async () => {
    for (let each = 0; each < 4; each++) await store(opened, message(HALF_TOPIC, String(each)));
    await opened.close();
    rmSync(state);
    const segment = new Segment(1, segmentFile(join(fixture.path, 'log'), 1), 2 ** 30);
    const end = segment.indexedThrough() ?? 0;
    const index = new IndexRows();
    for (const { queue: number, from, count, entries, at } of storedRows(segment)) {
      const queue = new Queue(number, '', 0, from, 0);
      queue.index = index;
      const chunk = { from, count, entries, at };
      for (let nth = 0; nth < count; nth++)
        if (number !== 0 || from + nth !== 1)
          queue.add(from + nth, entryOffset(chunk, nth), entrySize(chunk, nth), entryTagsCode(chunk, nth));
    }
    for (const step of writeIndex(segment, index.current, end)) expect(step).toBeUndefined();
    await segment.close();
    opened = await fixture.open(SMALL);
    expect(opened.halves.undecided(9).map(({ halfOffset }) => halfOffset)).toEqual([0, 2, 3]);
  });

  it('says what it could not restore', async () => {
    opened.offsets.commit('g0', 'a', 0, 5);
    await snapshot();
    const snapshotAt = fixture.clock.now();
    opened.offsets.commit('g0', 'a', 0, 6);
    await opened.close();
    const { offsetsAsOf, notRestored, records } = await rebuildState(fixture.options(SMALL));
    expect(records).toBe(1);
    expect(snapshotAt - (offsetsAsOf ?? 0)).toBeLessThanOrEqual(5000);
    expect(notRestored).toEqual([
      expect.stringContaining(`after ${new Date(offsetsAsOf ?? 0).toISOString()}`),
      expect.stringContaining('its checks begin anew'),
    ]);
    opened = await fixture.open(SMALL);
    expect(opened.offsets.query('g0', 'a', 0)).toBe(5);
  });

  it('has the consumer offsets that changed, those that did not since long ago, and none that was forgotten', async () => {
    const offsets = (): unknown => [
      ['g', 'h', 'gone'].map((group) => [...opened.offsets.ofTopic(group, 'a')]),
      opened.offsets.topicsOf('gone'),
    ];
    for (const group of ['g', 'h', 'gone']) opened.offsets.commit(group, 'a', 0, 1);
    await snapshot();
    opened.offsets.commit('h', 'a', 0, 2);
    opened.offsets.commit('h', 'a', 1, 7);
    opened.offsets.forget('gone');
    await snapshot();
    opened.offsets.commit('h', 'a', 0, 3);
    // in the state environment alone: the next one that is logged takes it along
    await fixture.clock.advance(1000);
    await fixture.clock.advance(1000);
    await opened.close();
    opened = await fixture.open(SMALL);
    opened.offsets.commit('g', 'b', 0, 9);
    await snapshot();
    const before = offsets();
    await opened.close();
    await rebuildState(fixture.options(SMALL));
    opened = await fixture.open(SMALL);
    expect(offsets()).toEqual(before);
    expect(before).toEqual([
      [
        [[0, 1]],
        [
          [0, 3],
          [1, 7],
        ],
        [],
      ],
      [],
    ]);
  });

  const wholly = (change: (bytes: Buffer) => void) => (): void => {
    const bytes = readFileSync(state);
    change(bytes);
    writeFileSync(state, bytes);
  };
  const noise = (bytes: Buffer): void => bytes.forEach((_, at) => (bytes[at] = (at * 2_654_435_761) >>> 13));
  const damages: readonly [string, () => void][] = [
    ['gone', () => rmSync(state)],
    ['empty', () => truncateSync(state, 0)],
    ['cut to a half', () => truncateSync(state, Math.floor(statSync(state).size / 2))],
    ['cut within its first page', () => truncateSync(state, 1000)],
    ['noise', wholly(noise)],
    ['noise after its first two pages', wholly((bytes) => noise(bytes.subarray(8192)))],
    ['zeros after its first two pages', wholly((bytes) => void bytes.fill(0, 8192))],
    [
      'documents that are none',
      wholly((bytes) => {
        for (let at = bytes.indexOf('{"half'); at >= 0; at = bytes.indexOf('{"half'))
          bytes.fill('!', at, at + 6);
      }),
    ],
    ...Array.from({ length: 4 }, (_, page): [string, () => void] => [
      `noise in page ${page}`,
      wholly((bytes) => noise(bytes.subarray(page * 4096, (page + 1) * 4096))),
    ]),
  ];

  it('takes the place of one that is damaged, by itself, without a death', async () => {
    await new Workload(fixture.clock, 4).run(opened, 100);
    await store(opened, message('RMQ_SYS_TRANS_HALF_TOPIC', 'half'));
    await snapshot();
    const before = everythingIn(opened);
    await opened.close();
    for (const [name, damage] of damages) {
      damage();
      opened = await fixture.open(SMALL);
      expect([name, everythingIn(opened)]).toEqual([name, before]);
      await opened.close();
    }
  });
});
