import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecords, ManualClock } from '@halfmq/remoting/record';
import { openStore, type MessageStore, type StoreError, type Waits } from '@halfmq/store';
import { HeldDisk } from '../kit/held-disk.js';
import { until } from '../kit/until.js';
import { workMessage, workOptions } from '../kit/store-work.js';

describe('a disk that does not sync', () => {
  let path = '';
  let clock: ManualClock;
  let opened: MessageStore;
  const disk = new HeldDisk();
  const told: string[] = [];

  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), 'halfmq-stall-'));
    clock = new ManualClock();
    told.length = 0;
    opened = await openStore(workOptions(path, { clock, flush: 'SYNC_FLUSH' }));
  });
  afterEach(async () => {
    await disk.release();
    await opened.close();
    rmSync(path, { recursive: true, force: true });
  });
  afterAll(() => disk.end());

  function append(body: string, waits?: Waits): void {
    const tell = (error?: StoreError): void => void told.push(error ? `${body} ${error.kind}` : body);
    opened.append([{ ...workMessage('a', 0, body), waits }], tell);
  }

  async function turns(): Promise<void> {
    await clock.advance(0);
  }

  function bodies(): string[] {
    const { records } = opened.read('a', 0, 0, { maxMessages: 100, maxBytes: 1e6 });
    return records.flatMap((piece) => decodeRecords(piece)).map(({ body }) => body.toString());
  }

  it('holds the next group while it syncs, and answers both when it syncs again', async () => {
    disk.hold();
    append('first');
    await turns();
    append('second');
    await turns();
    expect([bodies(), told]).toEqual([['first'], []]);
    expect(opened.load.unsyncedBytes).toBeGreaterThan(0);
    await disk.release();
    await opened.flush();
    expect([bodies(), told]).toEqual([
      ['first', 'second'],
      ['first', 'second'],
    ]);
    expect(opened.load).toMatchObject({ unanswered: 0, unansweredBytes: 0, unsyncedBytes: 0 });
  });

  it('holds no group for long: it is stored, and waits for its own sync', async () => {
    disk.hold();
    append('first');
    await turns();
    append('second');
    await clock.advance(100);
    expect([bodies(), told]).toEqual([['first', 'second'], []]);
    await disk.release();
    await opened.flush();
    expect(told).toEqual(['first', 'second']);
  });

  it('answers who does not wait for the disk when the message is stored, although others wait', async () => {
    disk.hold();
    append('waits');
    append('hasty', 'commit');
    await turns();
    expect([bodies(), told]).toEqual([['waits', 'hasty'], ['hasty']]);
    append('waits too');
    append('hasty too', 'commit');
    await turns();
    expect(told).toEqual(['hasty', 'hasty too']);
    await disk.release();
    await opened.flush();
    expect(told).toEqual(['hasty', 'hasty too', 'waits', 'waits too']);
  });

  it('tells who waits only so long that the message is stored and not synced, and nobody else', async () => {
    disk.hold();
    append('patient');
    append('in time', 'in-time');
    await clock.advance(4_999);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect([bodies(), told]).toEqual([['patient', 'in time'], ['in time sync-timeout']]);
    expect(opened.load.unansweredBytes).toBe(0);
    await disk.release();
    await opened.flush();
    expect(told).toEqual(['in time sync-timeout', 'patient']);
  });

  it('says how much waits for an answer, so that it can be bounded', async () => {
    disk.hold();
    append('x'.repeat(10_000));
    expect(opened.load.unansweredBytes).toBeGreaterThan(11_000);
    await turns();
    append('x'.repeat(10_000));
    expect(opened.load.unansweredBytes).toBeGreaterThan(22_000);
    await disk.release();
    await opened.flush();
    expect(opened.load.unansweredBytes).toBe(0);
  });
});

describe('ASYNC_FLUSH', () => {
  let path = '';
  let clock: ManualClock;
  let opened: MessageStore;

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'halfmq-flush-'));
    clock = new ManualClock();
  });
  afterEach(async () => {
    await opened.close();
    rmSync(path, { recursive: true, force: true });
  });

  /** @returns the moments at which what was stored before was on the disk, ms since the start */
  async function synced(bodyBytes: number, forMs: number): Promise<number[]> {
    const moments: number[] = [];
    const timers = clock.pending;
    for (let ms = 500; ms <= forMs; ms += 500) {
      opened.append([workMessage('a', 0, 'x'.repeat(bodyBytes))], () => undefined);
      await clock.advance(0);
      const before = opened.load.unsyncedBytes;
      await clock.advance(500);
      // what runs each interval sets its timer again when it has ended
      while (clock.pending < timers) await new Promise((resolve) => setImmediate(resolve));
      if (opened.load.unsyncedBytes < before) moments.push(ms);
    }
    return moments;
  }

  it('syncs each interval whatever is dirty', async () => {
    opened = await openStore(workOptions(path, { clock, flushIntervalMs: 500 }));
    expect(await synced(10, 2_000)).toEqual([500, 1000, 1500, 2000]);
  });

  it('with flushCommitLogLeastPages fewer pages wait, but not for ever', async () => {
    const least = { flushLeastPages: 4, flushThoroughIntervalMs: 3_000 };
    opened = await openStore(workOptions(path, { clock, flushIntervalMs: 500, ...least }));
    expect(await synced(10, 7_000)).toEqual([3_000, 6_000]);
  });

  it('with flushCommitLogLeastPages so many pages do not wait', async () => {
    opened = await openStore(workOptions(path, { clock, flushIntervalMs: 500, flushLeastPages: 4 }));
    expect(await synced(8_200, 2_000)).toEqual([1000, 2000]);
  });

  it('syncs what a killed process left unsynced, though nothing is written any more', async () => {
    const killed = await openStore(workOptions(`${path}/killed`, { clock, segmentBytes: 20_000 }));
    for (let each = 0; each < 4; each++) {
      killed.append([workMessage('a', 0, 'x'.repeat(10_000))], () => undefined);
      await clock.advance(0);
    }
    cpSync(`${path}/killed`, `${path}/found`, { recursive: true });
    await killed.close();
    opened = await openStore(workOptions(`${path}/found`, { clock }));
    expect(opened.load.unsyncedBytes).toBeGreaterThan(40_000);
    await clock.advance(500);
    await until('all is on the disk', () => opened.load.unsyncedBytes === 0);
  });
});
