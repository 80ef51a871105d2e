import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecords, ManualClock, silentLog } from '@halfmq/remoting/record';
import { openStore, type MessageStore, type NewMessage, type Place, type StoreOptions } from '@halfmq/store';
import { failSyncs } from '../kit/failing-sync.js';
import { asUsual, workMessage } from '../kit/store-work.js';
import { until } from '../kit/until.js';

describe('a failed fdatasync is final', () => {
  let path = '';
  let clock: ManualClock;
  let stores: MessageStore[];
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'halfmq-sync-'));
    clock = new ManualClock();
    stores = [];
  });
  afterEach(async () => {
    for (const one of stores) await one.close();
    rmSync(path, { recursive: true, force: true });
  });

  async function open(more: Partial<StoreOptions> = {}): Promise<MessageStore> {
    const opened = await openStore({ ...asUsual(path), clock, ...more });
    stores.push(opened);
    return opened;
  }

  const message = (body: string): NewMessage => workMessage('a', 0, body);

  function store(into: MessageStore, body: string): Promise<readonly Place[]> {
    return new Promise((resolve, reject) => {
      const places = into.append([message(body)], (error) => (error ? reject(error) : resolve(places)));
    });
  }

  function bodies(from: MessageStore): string[] {
    const { records } = from.read('a', 0, 0, { maxMessages: 100, maxBytes: 1e6 });
    return records.flatMap((piece) => decodeRecords(piece)).map(({ body }) => body.toString());
  }

  const marked = (): unknown => JSON.parse(readFileSync(join(path, 'mark.json'), 'utf8'));

  function refusesAll(opened: MessageStore): void {
    expect(opened.writable).toBe(false);
    expect(() => opened.append([message('no')], () => undefined)).toThrow(
      expect.objectContaining({ kind: 'failed' }),
    );
  }

  it('with SYNC_FLUSH: its sends and those that wait are told, nothing is taken any more, reads go on', async () => {
    const opened = await open({ flush: 'SYNC_FLUSH' });
    const repaired = await failSyncs(path);
    const ends = (body: string): Promise<unknown> => store(opened, body).catch((error: unknown) => error);
    const first = ends('first');
    await until('it is committed and being synced', () => opened.maxOffset('a', 0) === 1);
    // placed while the sync runs, or refused when it has failed already: told either way
    expect(await ends('waits')).toMatchObject({ kind: 'failed' });
    expect(await first).toMatchObject({ kind: 'failed' });
    refusesAll(opened);
    expect(bodies(opened)).toEqual(['first']);
    await opened.close();
    expect(marked()).toMatchObject({ clean: false });
    await repaired();
    const again = await open({ flush: 'SYNC_FLUSH' });
    const [place] = await store(again, 'after');
    expect(place?.queueOffset).toBe(again.maxOffset('a', 0) - 1);
    expect(bodies(again).at(-1)).toBe('after');
  });

  it('with ASYNC_FLUSH: what was answered is still read, and found again after a restart', async () => {
    const opened = await open();
    const repaired = await failSyncs(path);
    await store(opened, 'answered');
    await expect(opened.flush()).rejects.toMatchObject({ kind: 'failed' });
    refusesAll(opened);
    await clock.advance(60_000);
    expect(bodies(opened)).toEqual(['answered']);
    await opened.close();
    await repaired();
    const again = await open();
    expect(bodies(again)).toEqual(['answered']);
    await store(again, 'after');
  });

  it('consumer offsets are taken on, in memory, and the log says once that they cannot be written', async () => {
    const errors: string[] = [];
    const log = { ...silentLog, error: (text: string) => void errors.push(text) };
    const opened = await open({ log });
    await failSyncs(path);
    await store(opened, 'answered');
    await clock.advance(500);
    await until('a sync failed', () => !opened.writable);
    for (let offset = 0; offset < 50; offset++) {
      opened.offsets.commit('g', 'a', 0, offset);
      await clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(opened.offsets.query('g', 'a', 0)).toBe(49);
    expect(errors.filter((text) => text.includes('state could not be written')).length).toBeLessThanOrEqual(
      1,
    );
  });
});
