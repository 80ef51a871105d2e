import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord, tagsCode } from '@halfmq/remoting/record';
import { bodies, message, readAll, store, StoreFixture } from './fixture.js';
import type { MessageStore } from './message-store.js';
import { findRecords, inspectStore, verifyStore } from './tools/index.js';

/*
 * Folders that earlier versions wrote, file by file compressed (fixtures/format-N). They are never written again: what
 * is in them is what users have on their disks.
 */
const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
/** When the folder was written; nothing is older than three hours then. */
const WRITTEN_AT = 1_704_074_555_140;

function unpack(format: string, into: string): void {
  const from = join(FIXTURES, format);
  for (const name of readdirSync(from, { recursive: true }).map(String)) {
    if (!name.endsWith('.gz')) continue;
    const file = join(into, name.slice(0, -'.gz'.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, gunzipSync(readFileSync(join(from, name))));
  }
}

describe('a store written by the first version of format 1', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  beforeEach(async () => {
    fixture = new StoreFixture();
    fixture.clock.setWallClock(WRITTEN_AT);
    unpack('format-1', fixture.path);
    opened = await fixture.open();
  });
  afterEach(() => fixture.end());

  it('serves its messages, by queue, by tag and by physical offset', () => {
    const orders = readAll(opened, 'orders');
    const written = ['order 0', 'order 1', 'order 2', 'order 3', 'order 4', 'committed', 'delivered'];
    expect(bodies(orders)).toEqual(written);
    expect(orders.map(({ queueOffset }) => queueOffset)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const { physicalOffset, body } of orders) {
      const record = opened.recordAt(physicalOffset);
      expect(record && decodeRecord(record).body).toEqual(body);
    }
    const lines = Array.from({ length: 20 }, (_, each) => `line ${each}`);
    expect(bodies(readAll(opened, 'lines', 0))).toEqual(lines.filter((_, each) => each % 2 === 0));
    expect(bodies(readAll(opened, 'lines', 1))).toEqual(lines.filter((_, each) => each % 2 === 1));
  });

  it('knows what retention took and what a deleted topic was', async () => {
    expect([opened.minOffset('orders', 3), opened.maxOffset('orders', 3)]).toEqual([1, 1]);
    expect([opened.minOffset('filler', 0), opened.maxOffset('filler', 0)]).toEqual([3, 6]);
    expect(opened.recordAt(0)).toBeUndefined();
    expect(bodies(readAll(opened, 'again'))).toEqual(['new']);
    const [place] = await store(opened, message('orders', 'on', { queueId: 3 }));
    expect(place?.queueOffset).toBe(1);
  });

  it('goes on in segments of the present format, also after a kill', async () => {
    await store(opened, message('orders', 'on'), message('lines', 'on'), message('fresh', 'on'));
    const killed = mkdtempSync(join(tmpdir(), 'halfmq-killed-'));
    cpSync(fixture.path, killed, { recursive: true, filter: (file) => !file.endsWith('.lock') });
    await opened.close();
    try {
      for (const path of [fixture.path, killed]) {
        opened = await fixture.open({ path });
        const [last] = readAll(opened, 'orders').slice(-1);
        expect([last?.body.toString(), last?.queueOffset]).toEqual(['on', 8]);
        expect(readAll(opened, 'orders')).toHaveLength(8);
        expect(bodies(readAll(opened, 'lines')).slice(-2)).toEqual(['line 18', 'on']);
        expect(bodies(readAll(opened, 'fresh'))).toEqual(['on']);
        await opened.close();
        expect((await verifyStore({ path })).damage).toEqual([]);
      }
    } finally {
      rmSync(killed, { recursive: true, force: true });
    }
  });

  it('is looked into as it is', async () => {
    const untouched = mkdtempSync(join(tmpdir(), 'halfmq-format-1-'));
    try {
      unpack('format-1', untouched);
      const { queues } = await inspectStore({ path: untouched });
      expect(queues.find(({ topic }) => topic === 'orders')).toMatchObject({ minOffset: 1, maxOffset: 8 });
      const place = { topic: 'orders', queueId: 0, queueOffset: 3, count: 2 };
      expect((await findRecords({ path: untouched }, place)).map(({ queueOffset }) => queueOffset)).toEqual([
        3, 4,
      ]);
      expect(await verifyStore({ path: untouched })).toMatchObject({ damageCount: 0 });
    } finally {
      rmSync(untouched, { recursive: true, force: true });
    }
  });

  it('has its half messages, the carried one under its old names, and its verdicts', () => {
    const { halves } = opened;
    expect(halves.undecided(9)).toMatchObject([
      { halfOffset: 0, physicalOffset: 997, uniqueKey: 'carried', state: 'pending', producerGroup: 'shop' },
      { halfOffset: 1, physicalOffset: 1180, uniqueKey: 'parked', state: 'parked', topic: 'orders' },
      { halfOffset: 2, physicalOffset: 367_205, uniqueKey: 'pending', state: 'pending', checks: 1 },
    ]);
    for (const { physicalOffset, uniqueKey } of halves.undecided(9)) {
      const record = opened.recordAt(physicalOffset);
      expect(record && decodeRecord(record).body.toString()).toBe(uniqueKey);
    }
    expect(halves.find(3)).toEqual({ verdict: { kind: 'commit', by: 'producer', at: 5 } });
    const rolledBack = { kind: 'rollback', by: 'operator', at: 6, reason: 'because' };
    expect(halves.find(4)).toEqual({ verdict: rolledBack });
  });

  it('has its delayed messages, settings and consumer offsets', () => {
    const [delayed] = opened.delayed.due(Number.MAX_SAFE_INTEGER, 9);
    const record = delayed && opened.recordAt(delayed.physicalOffset);
    expect(record && decodeRecord(record).body.toString()).toBe('in a year');
    expect(opened.delayed.waiting).toBe(1);
    expect([...opened.settings.all('topic')]).toEqual([['orders', '{"queues":4}']]);
    expect([...opened.settings.all('group')]).toEqual([['stock', '{"retries":3}']]);
    expect(opened.offsets.query('stock', 'orders', 0)).toBe(3);
    expect(opened.offsets.query('stock', 'lines', 0)).toBe(8);
    expect(opened.offsets.query('stock', 'lines', 1)).toBe(7);
  });
});

describe('a store written by the first version whose segments have format 2', () => {
  let fixture: StoreFixture;
  beforeEach(() => {
    fixture = new StoreFixture();
    fixture.clock.setWallClock(1_764_000_010_000);
    unpack('format-2', fixture.path);
  });
  afterEach(() => fixture.end());

  it('serves what its sealed segment and its last one have, and goes on', async () => {
    expect((await verifyStore({ path: fixture.path })).damage).toEqual([]);
    const opened = await fixture.open({ segmentBytes: 64 * 1024 });
    expect(bodies(readAll(opened, 'orders'))).toEqual(['order 0', 'order 1', 'order 2']);
    const lines = Array.from({ length: 21 }, (_, each) => `line ${each}`);
    expect(bodies(readAll(opened, 'lines', 0))).toEqual(lines.filter((_, each) => each % 2 === 0));
    expect(bodies(readAll(opened, 'lines', 1))).toEqual(lines.filter((_, each) => each % 2 === 1));
    expect(bodies(readAll(opened, 'gone'))).toEqual(['new']);
    const red = tagsCode('red');
    const limits = { maxMessages: 9, maxBytes: 9999, accepts: (code: number) => code === red };
    expect(opened.read('orders', 0, 0, limits).count).toBe(2);
    expect(opened.offsets.query('stock', 'orders', 0)).toBe(2);
    expect(await store(opened, message('orders', 'on'))).toMatchObject([{ queueOffset: 3 }]);
    await opened.close();
    expect((await verifyStore({ path: fixture.path })).damage).toEqual([]);
  });
});
