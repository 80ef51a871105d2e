import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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
  async function lose(cut?: (pages: number) => number): Promise<MessageStore> {
    cpSync(fixture.path, copy, { recursive: true });
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
    return openStore(fixture.options({ ...SMALL, path: copy }));
  }

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
    await done((stored) => void opened.halves.decide(0, verdict, message('a', 'final'), stored));
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
