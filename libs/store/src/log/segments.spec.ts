import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readlinkSync } from 'node:fs';
import { bodies, message, readAll, store, StoreFixture } from '../fixture.js';

/** Segments this process has open: 64, the one it writes to and the one prepared ahead. */
function openFiles(path: string): Set<string> {
  const targets = readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return [];
    }
  });
  return new Set(targets.filter((target) => target.startsWith(path) && target.endsWith('.mdb')));
}

describe('many segments', () => {
  let fixture: StoreFixture;
  beforeEach(() => {
    fixture = new StoreFixture();
  });
  afterEach(() => fixture.end());

  it('are read through at most 64 open files of the log, and found again after a restart', async () => {
    const small = { segmentBytes: 10_000 };
    let opened = await fixture.open(small);
    const wanted: string[] = [];
    for (let each = 0; each < 90; each++) {
      const body = `${each}-${'x'.repeat(10_000)}`;
      wanted.push(body);
      await store(opened, message('a', body));
    }
    await opened.close();
    opened = await fixture.open(small);
    // the state, the oldest, the newest and the one prepared ahead: an open looks into no other
    if (process.platform === 'linux') expect(openFiles(fixture.path).size).toBeLessThanOrEqual(4);
    expect(bodies(readAll(opened, 'a')).map((body) => body.length)).toEqual(
      wanted.map((body) => body.length),
    );
    expect(readdirSync(fixture.path + '/log').filter((name) => name.endsWith('.mdb')).length).toBeGreaterThan(
      80,
    );
    expect(opened.recordAt(0)?.includes('0-xxx')).toBe(true);
    if (process.platform === 'linux') expect(openFiles(fixture.path).size).toBeLessThanOrEqual(66);
  }, 30_000);
});
