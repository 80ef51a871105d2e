import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord, formatProperties, silentLog } from '@halfmq/remoting/record';
import { bodies, done, message, readAll, store, StoreFixture } from './fixture.js';
import { environmentsKept } from './log/closed-environments.js';
import type { MessageStore, StoreOptions } from './message-store.js';
import type { LoggedDelayedMessages } from './state/delayed.js';
import { HALF_TOPIC } from './system-topics.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SMALL = { segmentBytes: 64 * 1024, retentionMs: HOUR };

describe('retention', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  beforeEach(async () => {
    fixture = new StoreFixture();
    opened = await fixture.open(SMALL);
  });
  afterEach(() => fixture.end());

  const files = (): string[] =>
    readdirSync(join(fixture.path, 'log')).filter((name) => name.endsWith('.mdb'));

  /** Fills segments, and lets what was before become old. */
  async function age(): Promise<void> {
    const before = opened.minPhysicalOffset;
    for (let each = 0; each < 4; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
    fixture.clock.setWallClock(fixture.clock.now() + 2 * HOUR);
    for (let each = 0; each < 4; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
    // many short turns: retention waits for the disk, which the clock cannot move
    for (let turn = 0; turn < 50_000 && opened.minPhysicalOffset === before; turn++) {
      await fixture.clock.advance(20);
    }
    expect(opened.minPhysicalOffset).toBeGreaterThan(before);
  }

  async function reopen(): Promise<void> {
    await opened.close();
    opened = await fixture.open(SMALL);
  }

  it('unlinks whole segments and says so in the minimum offset', async () => {
    await age();
    const min = opened.minOffset('filler', 0);
    expect(min).toBeGreaterThan(0);
    expect(opened.read('filler', 0, 0, { maxMessages: 1, maxBytes: 1 })).toMatchObject({
      status: 'OFFSET_TOO_SMALL',
      nextOffset: min,
    });
    expect(bodies(readAll(opened, 'filler'))).toHaveLength(opened.maxOffset('filler', 0) - min);
    expect(opened.recordAt(0)).toBeUndefined();
    await eventually(() => !files().includes('0000000001.mdb'));
    await opened.close();
    const settled = opened.minOffset('filler', 0);
    await reopen();
    expect(opened.minOffset('filler', 0)).toBe(settled);
    expect(bodies(readAll(opened, 'filler'))).toHaveLength(opened.maxOffset('filler', 0) - settled);
  });

  it('serves a segment from its first record when a power loss undid its unlink', async () => {
    for (let each = 0; each < 4; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
    const place = (name: string): string => join(fixture.path, 'log', name);
    const before = new Map(files().map((name) => [name, readFileSync(place(name))]));
    await age();
    // what is rolled now says the minimum that retention has left
    for (let each = 0; each < 2; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
    await opened.close();
    const gone = [...before.keys()].filter((name) => !files().includes(name)).at(-1) ?? '';
    writeFileSync(place(gone), before.get(gone) ?? '');
    const settled = opened.minOffset('filler', 0);
    opened = await fixture.open(SMALL);
    const [first] = readAll(opened, 'filler');
    expect(opened.minOffset('filler', 0)).toBeLessThan(settled);
    expect(first?.physicalOffset).toBe(opened.minPhysicalOffset);
  });

  it('keeps the next offset of an idle queue whose messages are all gone, also over a restart', async () => {
    await store(opened, message('idle', '1'), message('idle', '2'), message('idle', '3'));
    await age();
    await age();
    for (const when of ['at once', 'reopened']) {
      if (when === 'reopened') await reopen();
      expect([when, opened.minOffset('idle', 0), opened.maxOffset('idle', 0)]).toEqual([when, 3, 3]);
      expect(opened.read('idle', 0, 3, { maxMessages: 1, maxBytes: 1 }).status).toBe('OFFSET_OVERFLOW_ONE');
    }
    const [place] = await store(opened, message('idle', '4'));
    expect(place?.queueOffset).toBe(3);
  });

  it('carries undecided half messages forward, under the names they have', async () => {
    const properties = formatProperties([['REAL_TOPIC', 'placed']]);
    const [place] = await store(opened, message(HALF_TOPIC, 'half', { properties }));
    const physicalOffset = place?.physicalOffset ?? -1;
    const before = opened.recordAt(physicalOffset);
    await age();
    await age();
    for (const when of ['at once', 'reopened']) {
      if (when === 'reopened') await reopen();
      expect(opened.minPhysicalOffset).toBeGreaterThan(physicalOffset);
      expect(opened.halves.find(0)?.half).toMatchObject({ halfOffset: 0, physicalOffset });
      expect(opened.recordAt(physicalOffset)?.equals(before ?? Buffer.alloc(0))).toBe(true);
    }
    const verdict = { kind: 'commit', by: 'producer', at: 1 } as const;
    await done((stored) => void opened.halves.decide(0, verdict, () => message('placed', 'final'), stored));
    await reopen();
    expect(opened.halves.find(0)).toEqual({ verdict });
    expect(bodies(readAll(opened, 'placed'))).toEqual(['final']);
  });

  it('carries forward that a half message is parked, for a log whose state is lost', async () => {
    await store(opened, message(HALF_TOPIC, 'half', { properties: formatProperties([['REAL_TOPIC', 'a']]) }));
    await done(
      (stored) => void opened.halves.park(0, () => message('TRANS_CHECK_MAX_TIME_TOPIC', 'half'), stored),
    );
    await age();
    await opened.close();
    rmSync(join(fixture.path, 'state.mdb'));
    opened = await fixture.open(SMALL);
    expect(opened.halves.undecided(9)).toMatchObject([{ halfOffset: 0, state: 'parked' }]);
  });

  it('carries delayed messages forward until they are delivered', async () => {
    const at = fixture.clock.now() + 1000 * HOUR;
    await done((stored) => void opened.delayed.schedule(message('rmq_sys_wheel_timer', 'late'), at, stored));
    await age();
    await reopen();
    await age();
    const [delayed] = opened.delayed.due(at, 10);
    if (!delayed) throw new Error('nothing waits');
    expect(decodeRecord(opened.recordAt(delayed.physicalOffset) ?? Buffer.alloc(0)).body.toString()).toBe(
      'late',
    );
    await done((stored) => opened.delayed.deliver(delayed, [message('real', 'late')], stored));
    await age();
    await reopen();
    expect(opened.delayed.waiting).toBe(0);
  });

  it('can read what is owed at every moment, also while its copy waits for the disk', async () => {
    await opened.close();
    opened = await fixture.open({ ...SMALL, flush: 'SYNC_FLUSH' });
    const waits = fixture.clock.now() + 1000 * HOUR;
    for (let each = 0; each < 12; each++) {
      await done(
        (stored) => void opened.delayed.schedule(message('rmq_sys_wheel_timer', 'late'), waits, stored),
      );
      await store(opened, message('filler', 'x'.repeat(60_000)));
    }
    const owed = opened.delayed.due(waits, 12).map(({ physicalOffset }) => physicalOffset);
    const last = owed.at(-1) ?? Infinity;
    await fixture.clock.advance(2 * HOUR);
    let missed = 0;
    const look = (): void => {
      missed += owed.filter((at) => opened.recordAt(at) === undefined).length;
      // a sync is always under way
      opened.append([message('beside', 'x')], () => undefined);
      if (opened.minPhysicalOffset < last) setImmediate(look);
    };
    look();
    for (let turn = 0; turn < 50_000 && opened.minPhysicalOffset < last; turn++)
      await fixture.clock.advance(20);
    expect(opened.minPhysicalOffset).toBeGreaterThan(0);
    expect(missed).toBe(0);
  });

  it('carries what memory does not hold, among them what was carried before, and lets go of the rest', async () => {
    const at = fixture.clock.now() + 1000 * HOUR;
    const schedule = (count: number, when: number): Promise<void> => {
      for (let each = 0; each < count; each++)
        opened.delayed.schedule(message('rmq_sys_wheel_timer', String(each)), when + each, () => undefined);
      return opened.flush();
    };
    await reopenWith({ segmentBytes: 1024 * 1024 });
    await schedule(1200, at);
    await eventually(() => (opened.delayed as LoggedDelayedMessages).kept < 100);
    await schedule(10, at - 50);
    for (let round = 0; round < 2; round++) {
      const before = opened.maxPhysicalOffset;
      fixture.clock.setWallClock(fixture.clock.now() + 2 * HOUR);
      while (opened.maxPhysicalOffset < before + 1_200_000)
        await store(opened, message('filler', 'x'.repeat(200_000)));
      fixture.clock.setWallClock(fixture.clock.now() + 2 * HOUR);
      await eventually(() => opened.minPhysicalOffset >= before);
      await reopenWith({ segmentBytes: 1024 * 1024 });
    }
    const due = opened.delayed.due(at + 9000, 9000);
    expect(due).toHaveLength(1210);
    expect(due.filter(({ physicalOffset }) => !opened.recordAt(physicalOffset))).toEqual([]);
  });

  it('keeps settings and consumer offsets', async () => {
    await done((stored) => opened.settings.put('topic', 'a', 'document', stored));
    opened.offsets.commit('g', 'a', 0, 42);
    await age();
    await reopen();
    expect(opened.settings.all('topic').get('a')).toBe('document');
    expect(opened.offsets.query('g', 'a', 0)).toBe(42);
  });

  /** Turns of the loop, and of retention, until it holds: the disk is slower than the clock. */
  async function eventually(holds: () => boolean): Promise<void> {
    for (let turn = 0; turn < 200_000 && !holds(); turn++) await fixture.clock.advance(20);
    expect(holds()).toBe(true);
  }

  async function reopenWith(more: Partial<StoreOptions>): Promise<void> {
    await opened.close();
    opened = await fixture.open({ ...SMALL, ...more });
  }

  const fill = async (): Promise<void> => {
    for (let each = 0; each < 8; each++) await store(opened, message('filler', 'x'.repeat(60_000)));
  };

  it('keeps nothing in memory of segments that are gone', async () => {
    for (let times = 0; times < 3; times++) await age();
    // its file is made under another name
    const ofTheState = 2;
    expect(environmentsKept()).toBeLessThanOrEqual(files().length + ofTheState);
  });

  it('retires a segment that was never filled', async () => {
    await reopenWith({ retentionMs: MINUTE });
    await store(opened, message('rare', '1'));
    await fixture.clock.advance(30_000);
    await store(opened, message('rare', '2'));
    await eventually(() => opened.minOffset('rare', 0) === 1);
    await eventually(() => opened.minOffset('rare', 0) === 2);
    expect(opened.maxOffset('rare', 0)).toBe(2);
  });

  it('of a disk that is full at the start says so once, with the path, the level and what can be changed', async () => {
    const said: string[] = [];
    const used = (): Promise<number> => Promise.resolve(0.92);
    const diskLevels = { cleanAt: 0.75, refuseAt: 0.9, advice: 'lower fileReservedTime', used };
    const log = { ...silentLog, warn: (text: string) => said.push(text) };
    await reopenWith({ diskLevels, log });
    await fixture.clock.advance(30_000);
    expect(said).toEqual([
      `the disk of ${join(fixture.path, 'log')} is 92 % full and sends are refused above 90 %: ` +
        'make room, or lower fileReservedTime; sends resume by themselves',
    ]);
  });

  it('waits for its hours of the day, unless the disk is rather full', async () => {
    let used = 0.2;
    const diskLevels = { cleanAt: 0.75, refuseAt: 0.9, used: () => Promise.resolve(used) };
    const now = new Date(fixture.clock.now());
    const deleteAtHours = [(now.getHours() + 1) % 24];
    await reopenWith({ retentionMs: MINUTE, diskLevels, deleteAtHours });
    await fill();
    await fixture.clock.advance(2 * MINUTE);
    expect(opened.minPhysicalOffset).toBe(0);
    used = 0.8;
    await eventually(() => opened.minPhysicalOffset > 0);
    used = 0.2;
    await fill();
    const before = opened.minPhysicalOffset;
    fixture.clock.setWallClock(fixture.clock.now() + (60 - now.getMinutes()) * MINUTE);
    await eventually(() => opened.minPhysicalOffset > before);
  });

  it('unlinks what is not expired while the disk is nearly full, refuses sends, and keeps what is owed', async () => {
    let used = 0.2;
    const levels = { cleanAt: 0.75, forceAt: 0.85, refuseAt: 0.9, used: () => Promise.resolve(used) };
    await reopenWith({ diskLevels: levels });
    const properties = formatProperties([['REAL_TOPIC', 'placed']]);
    const [half] = await store(opened, message(HALF_TOPIC, 'half', { properties }));
    await fill();
    used = 0.95;
    await eventually(() => opened.minPhysicalOffset > (half?.physicalOffset ?? 0));
    expect(opened.writable).toBe(false);
    expect(() => opened.append([message('a', 'b')], () => undefined)).toThrow(/95 % full/);
    const noProperties = { propertyBytes: Buffer.alloc(0), propertyAt: 0, propertyLength: 0, tagsCode: 0 };
    const plain = { ...message('a', 'b'), ...noProperties };
    expect(() => opened.appendPlain(plain, () => undefined)).toThrow(/95 % full/);
    const batch = { count: 1, bytes: 1, waits: undefined, first: () => plain, next: () => plain };
    expect(() => opened.appendBatch(batch, () => undefined)).toThrow(/95 % full/);
    expect(() => opened.delayed.schedule(message('a', 'b'), 1, () => undefined)).toThrow(/95 % full/);
    expect(bodies(readAll(opened, 'filler')).length).toBeGreaterThan(0);
    await done((stored) => {
      opened.halves.decide(
        0,
        { kind: 'commit', by: 'producer', at: 1 },
        () => message('placed', 'final'),
        stored,
      );
    });
    used = 0.2;
    await eventually(() => opened.writable);
    await store(opened, message('a', 'b'));
    expect(bodies(readAll(opened, 'placed'))).toEqual(['final']);
  });
});
