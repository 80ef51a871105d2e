import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@halfmq/remoting/record';
import { openStore } from '../open-store.js';
import { bodies, message, readAll, store, StoreFixture } from '../fixture.js';
import type { Queues } from './queues.js';
import { Segment } from './segment.js';
import { segmentFile, sequencesIn } from './segment-files.js';
import type { Segments } from './segments.js';

const SEGMENT = 64 * 1024;
const SMALL = { segmentBytes: SEGMENT };
const FULL = 'x'.repeat(SEGMENT);

describe('a segment that is full', () => {
  let fixture: StoreFixture;
  let killed = '';
  beforeEach(() => {
    fixture = new StoreFixture();
    killed = mkdtempSync(join(tmpdir(), 'halfmq-killed-'));
  });
  afterEach(async () => {
    rmSync(killed, { recursive: true, force: true });
    await fixture.end();
  });
  const log = (): string => join(fixture.path, 'log');

  it('is followed by one whose queue table knows nothing of the group under construction', async () => {
    const opened = await fixture.open(SMALL);
    await store(opened, message('a', 'first'));
    const placed: (() => void)[] = [];
    opened.onArrival(({ topic }) => {
      if (topic !== 'a') return;
      opened.append([message('b', 'begins a queue')], () => placed.shift()?.());
      opened.deleteTopic('a', () => placed.shift()?.());
    });
    await new Promise<void>((resolve) => {
      placed.push(resolve);
      // what a kill leaves, after the commit that fills the segment and before the next one
      opened.append([message('a', FULL)], () => cpSync(fixture.path, killed, { recursive: true }));
    });
    const newest = new Segment(2, segmentFile(join(killed, 'log'), 2), 2 * SEGMENT, 'read');
    const { table } = newest;
    expect(Array.from({ length: table.count }, (_, row) => table.row(row).topic)).toEqual(['a']);
    expect(table.nextNumber).toBe(1);
    await newest.close();
    const after = await openStore(fixture.options({ ...SMALL, path: killed }));
    expect(bodies(readAll(after, 'a'))).toEqual(['first', FULL]);
    expect(after.maxOffset('b', 0)).toBe(0);
    await after.close();
    expect(opened.maxOffset('a', 0)).toBe(0);
    expect(bodies(readAll(opened, 'b'))).toEqual(['begins a queue']);
  });

  it('grows on while the next one cannot be begun, which is tried again after a pause', async () => {
    const said: string[] = [];
    const opened = await fixture.open({ ...SMALL, log: { ...silentLog, warn: (text) => said.push(text) } });
    mkdirSync(segmentFile(log(), 2));
    for (let each = 0; each < 20; each++) await store(opened, message('a', FULL));
    expect(said).toEqual([expect.stringMatching(/next segment could not be .*tried again/)]);
    rmdirSync(segmentFile(log(), 2));
    await store(opened, message('a', FULL));
    expect(sequencesIn(log())).toEqual([1]);
    await fixture.clock.advance(1000);
    await store(opened, message('a', FULL));
    expect(sequencesIn(log())).toContain(2);
    await store(opened, message('a', 'goes on'));
    const found = bodies(readAll(opened, 'a'));
    expect(found).toHaveLength(23);
    expect(found.at(-1)).toBe('goes on');
  });

  it('may grow beyond the map it was opened with: LMDB makes another', async () => {
    const segment = new Segment(1, join(killed, 'small.mdb'), 1024 * 1024);
    const value = (each: number): Buffer => Buffer.alloc(100_000, each);
    const key = (each: number): Buffer => Buffer.from([each]);
    for (let each = 0; each < 50; each++) segment.transaction(() => segment.put(key(each), value(each)));
    for (let each = 0; each < 50; each++) expect(segment.get(key(each))?.equals(value(each))).toBe(true);
    await segment.close();
  });

  it('is full when its index has a million messages, however small they are', async () => {
    const opened = await fixture.open();
    await store(opened, message('a', 'small'));
    const { segments, queues } = (opened as unknown as { parts: { segments: Segments; queues: Queues } })
      .parts;
    queues.index.current.count = 1024 * 1024;
    await store(opened, message('a', 'small'), message('b', 'small'));
    expect(segments.all.map(({ header }) => header.base)).toEqual([0, opened.maxPhysicalOffset]);
    await store(opened, message('a', 'small'));
    expect(bodies(readAll(opened, 'a'))).toEqual(['small', 'small', 'small']);
  });
});
