import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatProperties, tagsCode } from '@halfmq/remoting/record';
import { bodies, done, message, readAll, store, StoreFixture } from './fixture.js';
import type { MessageStore } from './message-store.js';
import { openStore } from './open-store.js';
import { HALF_TOPIC } from './system-topics.js';

const PAGE = 4096;
const SMALL = { segmentBytes: 300_000 };

describe('a store after a power loss', () => {
  let fixture: StoreFixture;
  let copy = '';
  beforeEach(() => {
    fixture = new StoreFixture();
    copy = mkdtempSync(join(tmpdir(), 'halfmq-power-'));
  });
  afterEach(async () => {
    await fixture.end();
    rmSync(copy, { recursive: true, force: true });
  });

  /** The folder as another boot finds it, with LMDB's trees destroyed and, from a page of the last file on, nothing. */
  async function lose(
    cut?: (pages: number) => number,
    more: () => void = () => undefined,
  ): Promise<MessageStore> {
    // a file that is still being written gets its name while the folder is copied
    cpSync(fixture.path, copy, { recursive: true, filter: (file) => !file.endsWith('.new') });
    const mark = join(copy, 'mark.json');
    writeFileSync(mark, JSON.stringify({ ...JSON.parse(readFileSync(mark, 'utf8')), boot: 'another' }));
    const files = readdirSync(join(copy, 'log')).filter((name) => name.endsWith('.mdb'));
    const { syncedThrough } = JSON.parse(readFileSync(mark, 'utf8')) as { syncedThrough: number };
    for (const name of files.filter((each) => Number.parseInt(each, 10) > syncedThrough)) {
      const file = join(copy, 'log', name);
      const bytes = readFileSync(file);
      for (let page = 0; page < bytes.length / PAGE; page++) {
        const isOverflow = bytes.readUInt16LE(page * PAGE + 18) === 4;
        if (!isOverflow && page < 3) bytes.fill(0xff, page * PAGE, (page + 1) * PAGE);
      }
      writeFileSync(file, bytes);
    }
    const last = files.toSorted().at(-1);
    if (cut && last) {
      const file = join(copy, 'log', last);
      truncateSync(file, cut(Math.floor(readFileSync(file).length / PAGE)) * PAGE);
    }
    more();
    return openStore(fixture.options({ ...SMALL, path: copy }));
  }

  const fill = (into: MessageStore, count: number, topic = 'a') =>
    Promise.all(
      Array.from({ length: count }, (_, each) =>
        store(into, message(topic, `${each}-${'x'.repeat(40_000)}`)),
      ),
    );

  it('filters by tag what was delivered at its time: only what still waits has a time in its index', async () => {
    const opened = await fixture.open(SMALL);
    const properties = formatProperties([
      ['TAGS', 'red'],
      ['TIMER_OUT_MS', '1700000000000'],
    ]);
    await store(opened, message('a', 'delivered', { properties }));
    await opened.flush();
    const found = await lose();
    const accepts = (code: number): boolean => code === tagsCode('red');
    expect(found.read('a', 0, 0, { maxMessages: 9, maxBytes: 9999, accepts }).count).toBe(1);
    await found.close();
  });

  it('numbers queues as before, also after an append that was refused', async () => {
    const opened = await fixture.open(SMALL);
    const illegal = message('refused', 'x', { reconsumeTimes: 2 ** 31 });
    expect(() => opened.append([message('refused', 'x'), illegal], () => undefined)).toThrow();
    for (let each = 0; each < 20; each++) await store(opened, message('a', `${each}-${'x'.repeat(40_000)}`));
    await opened.flush();
    const found = await lose();
    expect(bodies(readAll(found, 'a'))).toEqual(bodies(readAll(opened, 'a')));
    await found.close();
  });

  it.each([
    [
      'nothing is left',
      (second: string) => {
        const bytes = readFileSync(second);
        for (let at = bytes.indexOf('HMQT'); at >= 0; at = bytes.indexOf('HMQT', at + 1)) bytes[at] = 0;
        writeFileSync(second, bytes);
      },
    ] as const,
    ['not even the name is left', (second: string) => rmSync(second)] as const,
  ])('ends before the first segment of which %s, whatever is left of later ones', async (_, spoil) => {
    const opened = await fixture.open(SMALL);
    for (let each = 0; each < 30; each++) {
      await fill(opened, 1);
      // the first segment is surely on the disk, the others are in doubt
      if (each === 8) await opened.flush();
    }
    const found = await lose(undefined, () => {
      expect(JSON.parse(readFileSync(join(copy, 'mark.json'), 'utf8'))).toMatchObject({ syncedThrough: 1 });
      spoil(join(copy, 'log', '0000000002.mdb'));
    });
    const max = found.maxOffset('a', 0);
    expect(max).toBeGreaterThan(0);
    expect(max).toBeLessThan(30);
    const [place] = await store(found, message('a', 'on'));
    expect(place?.queueOffset).toBe(max);
    expect(readAll(found, 'a')).toHaveLength(max + 1);
    await found.close();
  });

  it('makes its state again from the log when the power went while the file was being made', async () => {
    const opened = await fixture.open(SMALL);
    await done((stored) => opened.settings.put('topic', 'a', 'document', stored));
    await opened.flush();
    const found = await lose(undefined, () => {
      rmSync(join(copy, 'state.mdb'));
      writeFileSync(join(copy, 'state.mdb.new'), Buffer.alloc(4096, 7));
    });
    expect(found.settings.all('topic').get('a')).toBe('document');
    await found.close();
  });

  it.each([['damaged', ''] as const, ['gone', undefined] as const])(
    'trusts no tree either when its mark is %s',
    async (_, content) => {
      const opened = await fixture.open(SMALL);
      await fill(opened, 3);
      await opened.flush();
      const found = await lose(undefined, () => {
        rmSync(join(copy, 'mark.json'));
        if (content !== undefined) writeFileSync(join(copy, 'mark.json'), content);
      });
      expect(bodies(readAll(found, 'a'))).toEqual(bodies(readAll(opened, 'a')));
      await found.close();
    },
  );

  it('has what was synced, with its queues, verdicts and settings, though no tree of LMDB is left', async () => {
    const opened = await fixture.open(SMALL);
    for (let each = 0; each < 12; each++) {
      await store(
        opened,
        message('a', `${each}-${'x'.repeat(40_000)}`),
        message('b', `${each}`, { queueId: 2 }),
      );
    }
    await done((stored) => opened.deleteTopic('b', stored));
    await store(opened, message('b', 'new', { queueId: 2 }), message(HALF_TOPIC, 'half'));
    await done((stored) => opened.settings.put('topic', 'a', 'document', stored));
    const verdict = { kind: 'commit', by: 'producer', at: 5 } as const;
    await done((stored) => void opened.halves.decide(0, verdict, () => message('a', 'final'), stored));
    await opened.flush();
    const found = await lose();
    expect(bodies(readAll(found, 'a'))).toEqual(bodies(readAll(opened, 'a')));
    expect(bodies(readAll(found, 'b', 2))).toEqual(['new']);
    expect(found.halves.find(0)).toEqual({ verdict });
    expect(found.settings.all('topic').get('a')).toBe('document');
    const [place] = await store(found, message('a', 'on'));
    expect(place?.queueOffset).toBe(13);
    await found.close();
    const again = await openStore(fixture.options({ ...SMALL, path: copy }));
    expect(again.maxOffset('a', 0)).toBe(14);
    await again.close();
  });

  it.each([0.2, 0.5, 0.9])(
    'serves a beginning of the log, and nothing else, when %d of the file is left',
    async (part) => {
      const opened = await fixture.open({ segmentBytes: 1e8 });
      for (let each = 0; each < 30; each++)
        await store(opened, message('a', `${each}-${'x'.repeat(each * 500)}`));
      const all = bodies(readAll(opened, 'a'));
      const found = await lose((pages) => Math.floor(pages * part));
      const left = bodies(readAll(found, 'a'));
      expect(left).toEqual(all.slice(0, left.length));
      expect(left.length).toBeLessThan(all.length);
      const [place] = await store(found, message('a', 'on'));
      expect(place?.queueOffset).toBe(left.length);
      await found.close();
    },
  );
});
