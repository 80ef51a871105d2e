import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, silentLog } from '@halfmq/remoting/record';
import { bodies, done, message, readAll, store, StoreFixture } from '../fixture.js';
import { storedEntries, storedRows } from '../index/stored-index.js';
import { Queue } from '../index/queue.js';
import { IndexRows } from '../index/rows.js';
import type { MessageStore } from '../message-store.js';
import { verifyStore } from '../tools/index.js';
import { IndexWriting } from './index-writing.js';
import { encodeQueueTable } from './queue-table.js';
import { Segment } from './segment.js';
import { segmentFile } from './segment-files.js';
import { Segments } from './segments.js';

const SEGMENT = 2 * 1024 * 1024;
const LARGE = { segmentBytes: SEGMENT };
/** More messages than one step writes index entries of. */
const MANY = 9000;
/** Of a record between IPv4 hosts. */
const BODY_AT = 88;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('the index of a segment', () => {
  let fixture: StoreFixture;
  let killed = '';
  beforeEach(() => {
    fixture = new StoreFixture();
    killed = mkdtempSync(join(tmpdir(), 'halfmq-killed-'));
  });
  afterEach(async () => {
    await fixture.end();
    rmSync(killed, { recursive: true, force: true });
  });

  /** What a kill leaves now. */
  const kill = (): void =>
    cpSync(fixture.path, killed, { recursive: true, filter: (file) => !file.endsWith('.lock') });
  const openKilled = (): Promise<MessageStore> => fixture.open({ ...LARGE, path: killed });

  async function segment<T>(
    sequence: number,
    look: (segment: Segment) => T,
    path = fixture.path,
  ): Promise<T> {
    const found = new Segment(sequence, segmentFile(join(path, 'log'), sequence), 2 ** 31, 'read');
    try {
      return look(found);
    } finally {
      await found.close();
    }
  }
  const indexedThrough = (sequence: number, path?: string) =>
    segment(sequence, (each) => each.indexedThrough(), path);

  async function expectSound(path: string): Promise<void> {
    const { damageCount, records, indexEntries, notes } = await verifyStore({ path });
    expect({ damageCount, missing: records - indexEntries, notes: notes.join() }).toMatchObject({
      damageCount: 0,
      missing: 0,
    });
  }

  function damageKilled(text: string, damage: (bytes: Buffer, at: number) => unknown): void {
    const file = segmentFile(join(killed, 'log'), 1);
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) damage(bytes, at);
    writeFileSync(file, bytes);
  }

  /** Many small messages in 40 queues. */
  async function fill(opened: MessageStore): Promise<void> {
    for (let from = 0; from < MANY; from += 500) {
      const part = Array.from({ length: 500 }, (_, nth) => {
        const number = from + nth;
        return message(`topic ${number % 10}`, String(number), { queueId: (number / 10) & 3 });
      });
      await store(opened, ...part);
    }
  }
  const everything = (opened: MessageStore): string[][] =>
    Array.from({ length: 40 }, (_, nth) =>
      bodies(readAll(opened, `topic ${nth % 10}`, Math.floor(nth / 10))),
    );

  it('is written when the store is closed, and is right although it goes on afterwards', async () => {
    let opened = await fixture.open(LARGE);
    await store(opened, message('a', '0'), message('b', '0'), message('a', '1'));
    await opened.close();
    expect(await indexedThrough(1)).toBeGreaterThan(0);
    expect(await segment(1, (each) => [...storedRows(each)].map(({ count }) => count))).toContain(2);
    opened = await fixture.open(LARGE);
    await store(opened, message('b', '1'), message('c', '0'), message('a', '2'));
    kill();
    await opened.close();
    await expectSound(fixture.path);
    for (const path of [fixture.path, killed]) {
      opened = await fixture.open({ ...LARGE, path });
      expect(['a', 'b', 'c'].map((topic) => bodies(readAll(opened, topic)))).toEqual([
        ['0', '1', '2'],
        ['0', '1'],
        ['0'],
      ]);
      expect(await store(opened, message('b', '2'))).toMatchObject([{ queueOffset: 2 }]);
      await opened.close();
      await expectSound(path);
    }
  });

  it('is made from the records after a kill, also of topics that were deleted and begun again', async () => {
    const opened = await fixture.open(LARGE);
    await store(opened, message('a', 'old'), message('b', '0'), message('a', 'old'));
    await done((stored) => opened.deleteTopic('a', stored));
    await store(opened, message('a', 'new', { properties: 'TAGS\u0001red\u0002' }), message('b', '1'));
    await done((stored) => opened.deleteTopic('b', stored));
    kill();
    const again = await openKilled();
    expect(bodies(readAll(again, 'a'))).toEqual(['new']);
    expect(again.maxOffset('b', 0)).toBe(0);
    const limits = { maxMessages: 9, maxBytes: 9999 };
    expect(again.read('a', 0, 0, { ...limits, accepts: (code) => code === 0 }).count).toBe(0);
    await store(again, message('b', 'new'));
    await again.close();
    await expectSound(killed);
  });

  it('of a sealed one is written in steps, and made from records when a kill comes before the last', async () => {
    const opened = await fixture.open(LARGE);
    await fill(opened);
    const expected = everything(opened);
    await new Promise<void>((resolve) => {
      opened.append([message('last', 'x'.repeat(SEGMENT))], () => {
        kill();
        resolve();
      });
    });
    const first = (path?: string): Promise<number | undefined> => indexedThrough(1, path);
    expect(await first(killed)).toBeUndefined();
    expect(everything(opened)).toEqual(expected);
    for (let turns = 0; (await first()) === undefined; turns++) {
      if (turns === 50) throw new Error('it is not written');
      await turn();
    }
    expect(everything(opened)).toEqual(expected);
    await opened.close();
    await expectSound(fixture.path);
    const again = await openKilled();
    expect(everything(again)).toEqual(expected);
    expect(await first(killed)).toBe(await first());
    await again.close();
    await expectSound(killed);
  });

  it.each([
    ['its size', (bytes: Buffer, at: number) => bytes.writeInt32BE(7, at - BODY_AT)],
    ['its topic', (bytes: Buffer, at: number) => bytes.write('q', at + 'broken'.length + 1)],
  ])('leaves out a record when %s is damaged, and keeps the offsets of what follows', async (_, damage) => {
    const opened = await fixture.open(LARGE);
    for (const body of ['0', 'broken', '2']) await store(opened, message('a', body));
    await store(opened, message('begun', '0'), message('begun later', '0'));
    kill();
    damageKilled('broken', damage);
    const again = await openKilled();
    expect(bodies(readAll(again, 'a'))).toEqual(['0', '2']);
    expect(again.maxOffset('q', 0)).toBe(0);
    for (const topic of ['begun', 'begun later']) expect(bodies(readAll(again, topic))).toEqual(['0']);
    const places = await store(again, message('a', '3'), message('begun later', '1'));
    expect(places).toMatchObject([{ queueOffset: 3 }, { queueOffset: 1 }]);
  });

  it('is made although a decision among the records is damaged', async () => {
    const opened = await fixture.open(LARGE);
    await done((stored) => opened.settings.put('topic', 'a', 'document', stored));
    await store(opened, message('a', '0'));
    kill();
    damageKilled('document', (bytes, at) => bytes.fill('"', at, at + 4));
    const again = await openKilled();
    expect(bodies(readAll(again, 'a'))).toEqual(['0']);
  });
});

describe('writing the index of a sealed segment', () => {
  let path = '';
  let segments: Segments;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'halfmq-index-'));
    segments = Segments.load(path, SEGMENT, '0'.repeat(32));
  });
  afterEach(async () => {
    await segments.close();
    rmSync(path, { recursive: true, force: true });
  });

  /** A segment that ends at 1000, the one behind it, and what is in the index of the first. */
  function sealed() {
    const table = encodeQueueTable([], 0);
    const segment = segments.roll(0, 0, table, 1);
    segments.roll(1000, 0, table, 1);
    const index = new IndexRows();
    const queue = new Queue(0, 'a', 0, 0, 0);
    queue.index = index;
    for (let offset = 0; offset < 9; offset++) queue.add(offset, offset * 100, 100, 0);
    return { segment, queue, rows: index.begin() };
  }

  it('waits while the disk has no room; its entries are read from memory until then', async () => {
    const clock = new ManualClock();
    let hasRoom = false;
    const touched: Segment[] = [];
    const room = { has: () => hasRoom };
    const writing = new IndexWriting(clock, silentLog, room, segments, {
      touch: (each) => touched.push(each),
    });
    const { segment, queue, rows } = sealed();
    writing.sealed(segment, rows, 1000);
    await clock.advance(5000);
    expect([writing.busy, segments.sealedThrough, queue.rowAt(8)?.count]).toEqual([true, 0, 1]);
    hasRoom = true;
    await clock.advance(1000);
    await turn();
    expect([writing.busy, segments.sealedThrough, queue.rowAt(8)]).toEqual([false, 1, undefined]);
    expect(storedEntries(segment, 0, 8)).toMatchObject({ from: 0, count: 9 });
    expect([segment.indexedThrough(), touched]).toEqual([1000, [segment]]);
  });

  it('ends when retention took the segment', async () => {
    const clock = new ManualClock();
    let hasRoom = false;
    const writing = new IndexWriting(clock, silentLog, { has: () => hasRoom }, segments, {
      touch: () => undefined,
    });
    const { segment, rows } = sealed();
    writing.sealed(segment, rows, 1000);
    await segments.dropOldest();
    hasRoom = true;
    await clock.advance(1000);
    expect(writing.busy).toBe(false);
  });
});
