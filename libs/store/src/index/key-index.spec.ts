import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord, formatProperties } from '@halfmq/remoting/record';
import { done, message, store, StoreFixture } from '../fixture.js';
import type { KeyRange, MessageStore, NewMessage } from '../message-store.js';

const SMALL = { segmentBytes: 64 * 1024 };
const MUCH = 1_000_000;
const ALWAYS: KeyRange = { from: 0, to: Infinity };

const keyed = (topic: string, body: string, uniqueKey: string, keys = ''): NewMessage =>
  message(topic, body, {
    properties: formatProperties([
      ['WAIT', 'true'],
      ['KEYS', keys],
      ['UNIQ_KEY', uniqueKey],
      ['TAGS', 'a'],
    ]),
  });

describe('messages by key', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  beforeEach(async () => {
    fixture = new StoreFixture();
    opened = await fixture.open(SMALL);
  });
  afterEach(() => fixture.end());

  async function bodies(topic: string, key: string, range = ALWAYS, maxMessages = 64): Promise<string[]> {
    const records = await opened.query(topic, key, range, { maxMessages, maxBytes: MUCH });
    return records.map((record) => decodeRecord(record).body.toString());
  }

  async function fill(segments: number): Promise<void> {
    for (let each = 0; each < segments * 4; each++) {
      await store(opened, keyed('filler', 'x'.repeat(20_000), `F${each}`));
    }
  }

  const files = (ending: string): string[] =>
    readdirSync(join(fixture.path, 'log')).filter((name) => name.endsWith(ending));

  async function reopen(): Promise<void> {
    await opened.close();
    opened = await fixture.open(SMALL);
  }

  it('are found by their unique key and by each of their keys, the newest first', async () => {
    await store(
      opened,
      keyed('orders', 'one', 'ID1', 'order-7 customer-ü'),
      keyed('orders', 'two', 'ID2', 'order-7'),
    );
    await store(opened, keyed('other', 'three', 'ID3', 'order-7'), message('orders', 'none'));
    expect(await bodies('orders', 'order-7')).toEqual(['two', 'one']);
    expect(await bodies('orders', 'customer-ü')).toEqual(['one']);
    expect(await bodies('orders', 'ID2')).toEqual(['two']);
    expect(await bodies('other', 'order-7')).toEqual(['three']);
    expect(await bodies('orders', 'order')).toEqual([]);
    expect(await bodies('orders', 'order-7', ALWAYS, 1)).toEqual(['two']);
  });

  it('are found in sealed segments, over a restart, and whatever happens to the key files', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `ID${index}`);
    for (const id of ids) {
      await store(opened, keyed('orders', id, id, 'same'));
      await store(opened, keyed('filler', 'x'.repeat(10_000), `F${id}`));
    }
    const all = ids.toReversed();
    expect(await bodies('orders', 'same')).toEqual(all);
    await reopen();
    expect(files('.keys').length).toBeGreaterThan(3);
    const [torn = '', strange = ''] = files('.keys').map((name) => join(fixture.path, 'log', name));
    writeFileSync(torn, readFileSync(torn).subarray(0, 8228));
    writeFileSync(strange, readFileSync(torn));
    writeFileSync(`${strange}.new`, 'half written');
    expect(await bodies('orders', 'same')).toEqual(all);
    for (const id of ids) expect([id, await bodies('orders', id)]).toEqual([id, [id]]);
    await reopen();
    expect(files('.new')).toEqual([]);
    expect(readFileSync(torn).length).toBeGreaterThan(8228);
    expect(await bodies('orders', 'same')).toEqual(all);
  });

  it('are found within a time range, and further back from one found before', async () => {
    const times: number[] = [];
    for (let each = 0; each < 6; each++) {
      const [place] = await store(opened, keyed('orders', `${each}`, `ID${each}`, 'same'));
      times.push(place?.storeTimestamp ?? 0);
      await fill(1);
      await fixture.clock.advance(1000);
    }
    const between = { from: times[1] ?? 0, to: times[4] ?? 0 };
    expect(await bodies('orders', 'same', between)).toEqual(['4', '3', '2', '1']);
    expect(await bodies('orders', 'same', { from: 0, to: (times[0] ?? 0) - 1 })).toEqual([]);
    const [, second] = await opened.query('orders', 'same', between, { maxMessages: 2, maxBytes: MUCH });
    const before = decodeRecord(second ?? Buffer.alloc(0)).physicalOffset;
    expect(await bodies('orders', 'same', { ...between, before })).toEqual(['2', '1']);
  });

  it('are not found when their topic was deleted and made anew', async () => {
    await store(opened, keyed('orders', 'old', 'ID1', 'same'));
    await done((stored) => opened.deleteTopic('orders', stored));
    expect(await bodies('orders', 'same')).toEqual([]);
    await store(opened, keyed('orders', 'new', 'ID2', 'same'));
    expect(await bodies('orders', 'same')).toEqual(['new']);
  });

  it('are refused by a store that is closed', async () => {
    await opened.close();
    await expect(bodies('orders', 'same')).rejects.toThrow('the store is closed');
  });

  it('go with their segment', async () => {
    await opened.close();
    opened = await fixture.open({ ...SMALL, retentionMs: 3_600_000 });
    await store(opened, keyed('orders', 'old', 'ID1', 'same'));
    await fill(3);
    expect(await bodies('orders', 'same')).toEqual(['old']);
    await fixture.clock.advance(7_200_000);
    await fill(1);
    for (let turn = 0; turn < 50_000 && opened.minPhysicalOffset === 0; turn++)
      await fixture.clock.advance(20);
    expect(await bodies('orders', 'same')).toEqual([]);
    expect(existsSync(join(fixture.path, 'log', '0000000001.keys'))).toBe(false);
  });
});
