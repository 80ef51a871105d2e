import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatProperties, silentLog } from '@halfmq/remoting/record';
import { open as lmdb } from 'lmdb';
import { done, message, store, StoreFixture } from '../fixture.js';
import { INDEXED_KEY, PACKED_END } from '../keys.js';
import type { MessageStore, Place } from '../message-store.js';
import { findRecords, inspectStore, rebuildFolder, verifyStore } from './index.js';

const SMALL = { segmentBytes: 64 * 1024 };

describe('the tools of a store', () => {
  let fixture: StoreFixture;
  let places: Place[];
  beforeEach(async () => {
    fixture = new StoreFixture();
    const opened = await fixture.open(SMALL);
    places = await fill(opened);
    await opened.close();
  });
  afterEach(() => fixture.end());

  async function fill(opened: MessageStore): Promise<Place[]> {
    const found: Place[] = [];
    for (let each = 0; each < 30; each++) {
      const properties = formatProperties([
        ['UNIQ_KEY', `ID${each}`],
        ['KEYS', 'same'],
        ['TAGS', 'a'],
      ]);
      const one = message('orders', `body ${each}`, { properties, queueId: each % 2 });
      found.push(...(await store(opened, one, message('filler', 'x'.repeat(10_000)))));
    }
    await done((stored) => opened.deleteTopic('filler', stored));
    await done((stored) => opened.settings.put('topic', 'orders', '{}', stored));
    await store(opened, message('filler', 'of another time'));
    // whoever asks for a key has the key files made
    await opened.query('orders', 'same', { from: 0, to: Infinity }, { maxMessages: 1, maxBytes: 1 });
    return found.filter((_, index) => index % 2 === 0);
  }

  /** As after a power loss: the folder was in use, in another boot. */
  function cutThePower(): void {
    const file = join(fixture.path, 'mark.json');
    writeFileSync(file, JSON.stringify({ boot: 'another', clean: false, syncedThrough: 1 }));
  }

  const segment = (number: number): string => join(fixture.path, 'log', `000000000${number}.mdb`);

  /** As a kill leaves it between the end of a segment and that of its index. */
  async function withoutIndex(path: string): Promise<void> {
    const db = lmdb({ path, keyEncoding: 'binary', encoding: 'binary', noSubdir: true });
    const keys = [...db.getKeys({ start: INDEXED_KEY, end: PACKED_END })];
    expect(keys.length).toBeGreaterThan(0);
    await db.transaction(() => {
      for (const key of keys) db.removeSync(key);
    });
    await db.close();
  }

  /** Overwrites one byte of what is stored somewhere. */
  function flip(file: string, before: string): void {
    const bytes = readFileSync(file);
    const at = bytes.indexOf(before);
    expect(at).toBeGreaterThan(0);
    bytes[at] = 0x21;
    writeFileSync(file, bytes);
  }

  it('show segments, queues and projections', async () => {
    const report = await inspectStore({ path: fixture.path });
    expect(report).toMatchObject({ condition: 'clean', brokerName: 'broker-a', state: { settings: 1 } });
    expect(report.segments[0]).toMatchObject({ state: 'sealed', base: 0 });
    expect(report.segments.filter(({ state }) => state === 'current')).toHaveLength(1);
    expect(report.queues).toContainEqual({
      topic: 'orders',
      queueId: 1,
      number: expect.any(Number),
      minOffset: 0,
      maxOffset: 15,
    });
    expect(report.queues.find(({ topic }) => topic === 'filler')?.maxOffset).toBe(1);
  });

  it('find nothing wrong with a store that is as it was written', async () => {
    const seen: number[] = [];
    const found = await verifyStore({ path: fixture.path }, ({ done: part, total }) =>
      seen.push(part / total),
    );
    expect(found).toMatchObject({ damageCount: 0, records: 63, indexEntries: 63 });
    expect(found.keyFiles).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(1);
  });

  it.each([
    ['a body', 'body 2', 'the checksum of a block is wrong'],
    ['the header of a block', 'HMQB', 'the header of a block is damaged'],
  ])('name the place of damage in %s, and read on behind it', async (_, bytes, what) => {
    flip(segment(1), bytes);
    const found = await verifyStore({ path: fixture.path });
    expect(found.damage[0]).toMatchObject({ file: segment(1), what });
    expect(found.damage[0]?.physicalOffset).toBeGreaterThanOrEqual(0);
    expect(found.damageCount).toBe(1);
    expect(found.records).toBe(61);
    expect(found.notes.join()).toContain('its index was not compared');
  });

  it('name a key file that says something else than the log, and mention one that is missing', async () => {
    const [wrong = '', missing = ''] = readdirSync(join(fixture.path, 'log'))
      .filter((name) => name.endsWith('.keys'))
      .map((name) => join(fixture.path, 'log', name));
    const bytes = readFileSync(wrong);
    bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
    writeFileSync(wrong, bytes);
    rmSync(missing);
    const found = await verifyStore({ path: fixture.path });
    expect(found.damage).toEqual([
      { file: wrong, physicalOffset: undefined, what: expect.stringContaining('delete this file') },
    ]);
    expect(found.notes).toEqual([expect.stringContaining(missing)]);
  });

  it('show a record by its physical offset and by its place in a queue', async () => {
    const seventh = { body: Buffer.from('body 7'), properties: { KEYS: 'same' }, bodyCrcHolds: true };
    const physicalOffset = places[7]?.physicalOffset ?? -1;
    const [byOffset] = await findRecords({ path: fixture.path }, { physicalOffset, count: 1 });
    expect(byOffset).toMatchObject({ ...seventh, physicalOffset, queueOffset: 3 });
    const place = { topic: 'orders', queueId: 1, queueOffset: 3, count: 3 };
    const found = await findRecords({ path: fixture.path }, place);
    expect(found.map(({ body }) => body.toString())).toEqual(['body 7', 'body 9', 'body 11']);
  });

  it('show a record of a segment that was sealed when its process was killed, before its index was written', async () => {
    await withoutIndex(segment(1));
    const place = { topic: 'orders', queueId: 1, queueOffset: 0, count: 2 };
    const found = await findRecords({ path: fixture.path }, place);
    expect(found.map(({ body }) => body.toString())).toEqual(['body 1', 'body 3']);
    const opened = await fixture.open(SMALL);
    expect(opened.maxOffset('orders', 1)).toBe(15);
    await opened.close();
  });

  it('say what is there when what was asked for is not', async () => {
    const find = (place: object) =>
      findRecords(
        { path: fixture.path },
        { topic: 'orders', queueId: 0, queueOffset: 0, count: 1, ...place },
      );
    await expect(find({ queueId: 7 })).rejects.toThrow('its queues are');
    await expect(find({ topic: 'none' })).rejects.toThrow('the topic has none');
    await expect(find({ queueOffset: 15 })).rejects.toThrow('it has 0 to 14');
    const at = (physicalOffset: number) => findRecords({ path: fixture.path }, { physicalOffset, count: 1 });
    await expect(at(5)).rejects.toThrow('lies within the one at 0');
    await expect(at(1e12)).rejects.toThrow(/the log goes from 0 to \d+/);
    await expect(inspectStore({ path: join(fixture.path, 'nowhere') })).rejects.toThrow('there is no folder');
    await expect(inspectStore({ path: join(fixture.path, 'log') })).rejects.toThrow('no store.json');
    const elsewhere = { path: fixture.path, logPath: join(fixture.path, 'nowhere') };
    await expect(inspectStore(elsewhere)).rejects.toThrow('storePathCommitLog names the right one');
    const identity = join(fixture.path, 'store.json');
    writeFileSync(identity, readFileSync(identity, 'utf8').replace('"format": 1', '"format": 9'));
    await expect(verifyStore({ path: fixture.path })).rejects.toThrow('start a version that knows it');
  });

  it('make a state that was lost again from the log, and only where a log is', async () => {
    rmSync(join(fixture.path, 'state.mdb'));
    expect((await inspectStore({ path: fixture.path })).state).toBeUndefined();
    const nowhere = { path: fixture.path, logPath: fixture.path };
    await expect(rebuildFolder(nowhere, silentLog)).rejects.toThrow('say where they lie');
    await expect(verifyStore(nowhere)).rejects.toThrow('say where they lie');
    await expect(findRecords(nowhere, { physicalOffset: 0, count: 1 })).rejects.toThrow('say where they lie');
    const report = await rebuildFolder({ path: fixture.path }, silentLog);
    expect(report).toMatchObject({ topics: 1, pendingHalves: 0 });
    expect((await inspectStore({ path: fixture.path })).state).toMatchObject({ settings: 1 });
    await fixture.open(SMALL);
    await expect(rebuildFolder({ path: fixture.path }, silentLog)).rejects.toThrow(
      `in use by process ${process.pid}: stop it first`,
    );
  });

  it('open nothing by LMDB that a power loss may have torn', async () => {
    cutThePower();
    flip(segment(2), 'xxxx');
    const report = await inspectStore({ path: fixture.path });
    expect(report).toMatchObject({ condition: 'power-loss', queues: [] });
    expect(report.segments.map(({ state }) => state).slice(0, 3)).toEqual(['sealed', 'in doubt', 'in doubt']);
    const found = await verifyStore({ path: fixture.path });
    expect(found.damageCount).toBe(0);
    expect(found.notes.join()).toMatch(/whole up to \d+, and the next start builds it again/);
    const place = { physicalOffset: 0, count: 1 };
    await expect(findRecords({ path: fixture.path }, place)).rejects.toThrow('start the broker once');
  });
});
