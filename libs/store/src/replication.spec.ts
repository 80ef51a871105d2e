import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { bodies, done, message, readAll, store, StoreFixture } from './fixture.js';
import type { Arrival, MessageStore } from './message-store.js';
import { openStore } from './open-store.js';
import { truncateLog } from './truncate-log.js';
import { everythingIn, Workload } from './workload.js';

const HOUR = 3_600_000;
const SOURCE = { segmentBytes: 64 * 1024, retentionMs: Number.MAX_SAFE_INTEGER };
/** Segments are each store's own. */
const COPY = { segmentBytes: 100_000, retentionMs: Number.MAX_SAFE_INTEGER };

/** Gives the copy what it does not have yet. */
async function catchUp(from: MessageStore, to: MessageStore): Promise<void> {
  const end = from.maxPhysicalOffset;
  while (to.maxPhysicalOffset < end) {
    const part = from.copy.read(to.maxPhysicalOffset);
    if (!part) break;
    await done((stored) => to.copy.write(part, stored));
  }
  expect(to.maxPhysicalOffset).toBe(end);
}

// days of retention pass
jest.setTimeout(60_000);

describe('a second copy', () => {
  let one: StoreFixture;
  let two: StoreFixture;
  let source: MessageStore;
  let copy: MessageStore;
  beforeEach(async () => {
    one = new StoreFixture();
    two = new StoreFixture();
    source = await one.open(SOURCE);
    copy = await two.open(COPY);
    copy.copy.follow();
  });
  afterEach(async () => {
    await one.end();
    await two.end();
  });

  async function reopenBoth(): Promise<void> {
    await source.close();
    await copy.close();
    source = await one.open(SOURCE);
    copy = await two.open(COPY);
    copy.copy.follow();
  }

  /** What the source has becomes old, and some of its segments are unlinked. */
  async function age(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const begin = source.minPhysicalOffset;
    await source.close();
    source = await one.open({ ...SOURCE, retentionMs: HOUR });
    for (let step = 0; step < 12; step++) {
      await one.clock.advance(HOUR / 6);
      await meanwhile();
    }
    await store(source, message('filler', 'x'.repeat(64_000)), message('filler', 'x'.repeat(64_000)));
    for (let turn = 0; turn < 50_000 && source.minPhysicalOffset === begin; turn++) {
      await one.clock.advance(20);
      await meanwhile();
    }
    expect(source.minPhysicalOffset).toBeGreaterThan(begin);
    await source.close();
    source = await one.open(SOURCE);
  }

  const snapshot = (): Promise<void> => one.clock.advance(6000);

  it('is made of the bytes of the first one alone, and shows the same, at once and after a restart', async () => {
    const work = new Workload(one.clock, 11);
    for (let round = 0; round < 4; round++) {
      await work.run(source, 40);
      await catchUp(source, copy);
    }
    await snapshot();
    await catchUp(source, copy);
    two.clock.setWallClock(one.clock.now());
    expect(everythingIn(copy)).toEqual(everythingIn(source));
    await reopenBoth();
    expect(copy.maxPhysicalOffset).toBe(source.maxPhysicalOffset);
    expect(everythingIn(copy)).toEqual(everythingIn(source));
    const [place] = await store(source, message('a', 'on'));
    await catchUp(source, copy);
    expect(copy.recordAt(place?.physicalOffset ?? -1)).toEqual(source.recordAt(place?.physicalOffset ?? -1));
  });

  it('begins where the log begins that retention has taken the oldest of, and lets go of the same', async () => {
    const work = new Workload(one.clock, 12);
    await work.run(source, 100);
    await age();
    await work.run(source, 40);
    await copy.copy.begin(source.copy.opening);
    await catchUp(source, copy);
    await age(() => catchUp(source, copy));
    await work.run(source, 20);
    await snapshot();
    await reopenBoth();
    await catchUp(source, copy);
    await copy.copy.dropBefore(source.minPhysicalOffset);
    expect(copy.minPhysicalOffset).toBeGreaterThan(0);
    const [wanted, found] = [everythingIn(source), everythingIn(copy)];
    // it lets go by whole segments of its own: it may have more, never less
    found.queues.forEach((queue, index) => {
      const { min = 0, records = [] } = wanted.queues[index] ?? {};
      expect(queue.min).toBeLessThanOrEqual(min);
      expect(queue.records.slice(queue.records.length - records.length)).toEqual(records);
    });
    expect(found.verdicts.slice(found.verdicts.length - wanted.verdicts.length)).toEqual(wanted.verdicts);
    const { halves, delayed, settings, offsets } = wanted;
    expect(found).toMatchObject({ halves, delayed, settings, offsets });
  });

  it('takes only what begins at its end, and nothing else as long as it follows', async () => {
    await store(source, message('a', '1'));
    const part = source.copy.read(0);
    if (!part) throw new Error('there is no part');
    const illegal = expect.objectContaining({ kind: 'illegal' });
    expect(() => copy.copy.write({ ...part, from: 1 }, () => undefined)).toThrow(illegal);
    expect(() => source.copy.write(part, () => undefined)).toThrow(illegal);
    expect(() => source.copy.read(7)).toThrow(illegal);
    expect(source.copy.read(source.maxPhysicalOffset)).toBeUndefined();
    expect(() => copy.append([message('a', 'mine')], () => undefined)).toThrow('follows another');
    expect(copy.writable).toBe(false);
    await catchUp(source, copy);
    expect(bodies(readAll(copy, 'a'))).toEqual(['1']);
  });

  it('marks in the log from where on which epoch wrote it; a copy knows it, also after a restart', async () => {
    await done((stored) => source.copy.lead(1, stored));
    await store(source, message('a', '1'));
    const second = source.maxPhysicalOffset;
    await done((stored) => source.copy.lead(2, stored));
    await catchUp(source, copy);
    const epochs = [
      { epoch: 1, startOffset: 0 },
      { epoch: 2, startOffset: second },
    ];
    expect(copy.copy.epochs).toEqual(epochs);
    await reopenBoth();
    expect(copy.copy.epochs).toEqual(epochs);
  });

  it('goes on by itself when it leads, and what the other one alone had is cut off that one', async () => {
    const work = new Workload(one.clock, 13);
    await done((stored) => source.copy.lead(1, stored));
    await work.run(source, 60);
    await snapshot();
    await catchUp(source, copy);
    const common = source.maxPhysicalOffset;
    await work.run(source, 60);
    await source.flush();
    two.clock.setWallClock(one.clock.now());
    await done((stored) => copy.copy.lead(2, stored));
    await new Workload(two.clock, 14).run(copy, 40);
    await two.clock.advance(6000);
    await source.close();
    await expect(truncateLog(one.options(SOURCE), common + 1)).rejects.toMatchObject({ kind: 'illegal' });
    await truncateLog(one.options(SOURCE), common);
    source = await one.open(SOURCE);
    expect(source.maxPhysicalOffset).toBe(common);
    source.copy.follow();
    await catchUp(copy, source);
    expect(everythingIn(source)).toEqual(everythingIn(copy));
    expect(source.copy.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it('that was cut short has no hole in its row of segments: a power loss later takes nothing synced', async () => {
    const fill = async (each: string, count = 3): Promise<void> => {
      for (let at = 0; at < count; at++)
        await store(source, message('a', `${each}${at}`.padEnd(30_000, 'x')));
    };
    await fill('kept');
    const common = source.maxPhysicalOffset;
    // a segment is half full, and the one after it prepared
    await fill('cut', 2);
    await source.flush();
    await source.close();
    await truncateLog(one.options(SOURCE), common);
    source = await one.open(SOURCE);
    await fill('after');
    await fill('more');
    await source.flush();
    const kept = bodies(readAll(source, 'a'));
    expect(kept).toHaveLength(9);
    const lost = mkdtempSync(join(tmpdir(), 'halfmq-cut-'));
    cpSync(one.path, lost, { recursive: true, filter: (name) => !name.endsWith('lock') });
    const mark = join(lost, 'mark.json');
    writeFileSync(mark, JSON.stringify({ ...JSON.parse(readFileSync(mark, 'utf8')), boot: 'another' }));
    const after = await openStore(one.options({ ...SOURCE, path: lost }));
    expect(bodies(readAll(after, 'a'))).toEqual(kept);
    await after.close();
    rmSync(lost, { recursive: true, force: true });
  });

  it('begins again after a kill between its beginning and its first part', async () => {
    await new Workload(one.clock, 15).run(source, 100);
    await age();
    for (let round = 0; round < 3; round++) {
      await copy.copy.begin(source.copy.opening);
      // its first sync must not miss the segment that is gone
      await copy.flush();
      if (round < 2) await copy.close();
      if (round < 2) copy = await two.open(COPY);
      copy.copy.follow();
    }
    expect(copy.load.unansweredBytes).toBe(0);
    await catchUp(source, copy);
    await copy.flush();
    expect(bodies(readAll(copy, 'filler'))).toEqual(bodies(readAll(source, 'filler')));
  });

  it('keeps nothing of a part that is no whole part', async () => {
    await store(source, message('a', '1'), message('b', '2'));
    const part = source.copy.read(0);
    if (!part) throw new Error('there is no part');
    const illegal = expect.objectContaining({ kind: 'illegal' });
    const cut = { ...part, records: part.records.subarray(0, part.records.length - 5) };
    const torn = { ...part, records: Buffer.from(part.records).fill(0, part.records.length - 40) };
    for (const wrong of [cut, torn]) expect(() => copy.copy.write(wrong, () => undefined)).toThrow(illegal);
    await catchUp(source, copy);
    expect([bodies(readAll(copy, 'a')), bodies(readAll(copy, 'b'))]).toEqual([['1'], ['2']]);
  });

  it('shows readers nothing beyond what is confirmed', async () => {
    const arrivals: Arrival[] = [];
    source.onArrival((arrival) => arrivals.push(arrival));
    await store(source, message('a', '1'), message('b', '1'));
    const bound = source.maxPhysicalOffset;
    source.copy.confirm(bound);
    const [place] = await store(source, message('a', '2'), message('c', '1'));
    expect(arrivals.map(({ topic }) => topic)).toEqual(['a', 'b']);
    expect([source.maxOffset('a', 0), source.maxOffset('b', 0), source.maxOffset('c', 0)]).toEqual([1, 1, 0]);
    const limits = { maxMessages: 9, maxBytes: 9999 };
    expect(source.read('a', 0, 0, limits)).toMatchObject({ count: 1, nextOffset: 1, maxOffset: 1 });
    expect(source.read('a', 0, 1, limits).status).toBe('OFFSET_OVERFLOW_ONE');
    expect(source.read('c', 0, 0, limits).status).toBe('NO_MESSAGE_IN_QUEUE');
    expect(source.recordAt(place?.physicalOffset ?? -1)).toBeUndefined();
    expect(source.storeTimeAt('a', 0, 1)).toBeUndefined();
    expect(source.copy.confirmOffset).toBe(bound);
    source.copy.confirm(source.maxPhysicalOffset);
    expect(arrivals.map(({ topic }) => topic)).toEqual(['a', 'b', 'a', 'c']);
    expect(bodies(readAll(source, 'a'))).toEqual(['1', '2']);
    source.copy.confirm(undefined);
    await store(source, message('a', '3'));
    expect(arrivals).toHaveLength(5);
  });

  it('tells what arrived beyond what is confirmed as it is confirmed, queue by queue, once', async () => {
    const arrivals: Arrival[] = [];
    source.onArrival((arrival) => arrivals.push(arrival));
    source.copy.confirm(source.maxPhysicalOffset);
    const ends: number[] = [];
    for (let nth = 0; nth < 6; nth++) {
      await store(source, message('a', `${nth}`), message('b', `${nth}`));
      ends.push(source.maxPhysicalOffset);
    }
    expect(arrivals).toEqual([]);
    for (const end of [ends[1], ends[1], ends[4]]) source.copy.confirm(end);
    await store(source, message('a', '6'));
    source.copy.confirm(source.maxPhysicalOffset);
    for (const [topic, end] of [
      ['a', 7],
      ['b', 6],
    ] as const) {
      const told = arrivals.filter((arrival) => arrival.topic === topic);
      const offsets = told.flatMap(({ from, tagsCodes }) => tagsCodes.map((_, index) => from + index));
      expect(offsets).toEqual(Array.from({ length: end }, (_, offset) => offset));
      expect(told.every(({ from, maxOffset, tagsCodes }) => maxOffset - from === tagsCodes.length)).toBe(
        true,
      );
    }
  });
});
