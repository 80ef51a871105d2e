import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bodies, message, readAll, store, StoreFixture } from './fixture.js';

describe('segments in a folder of their own', () => {
  let fixture: StoreFixture;
  let logPath = '';
  beforeEach(() => {
    fixture = new StoreFixture();
    logPath = join(fixture.path, 'another', 'disk');
  });
  afterEach(() => fixture.end());

  it('lie there and nowhere else, and are found again', async () => {
    const opened = await fixture.open({ logPath });
    await store(opened, message('a', '1'));
    await opened.close();
    expect(existsSync(join(logPath, '0000000001.mdb'))).toBe(true);
    expect(existsSync(join(fixture.path, 'log'))).toBe(false);
    expect(bodies(readAll(await fixture.open({ logPath }), 'a'))).toEqual(['1']);
  });

  it('are locked: a second store with another root does not get them', async () => {
    await fixture.open({ logPath });
    const other = { path: join(fixture.path, 'other'), logPath };
    await expect(fixture.open(other)).rejects.toMatchObject({ kind: 'locked' });
    // and the root of the one that was refused is free again
    await fixture.open({ path: join(fixture.path, 'other') });
  });

  it('are refused while there are some in the usual one, and may be moved', async () => {
    const opened = await fixture.open();
    await store(opened, message('a', '1'));
    await opened.close();
    await expect(fixture.open({ logPath })).rejects.toThrow(/segments lie in .*log, not in .*disk: move all/);
    rmSync(logPath, { recursive: true });
    renameSync(join(fixture.path, 'log'), logPath);
    expect(bodies(readAll(await fixture.open({ logPath }), 'a'))).toEqual(['1']);
  });

  it('are missed when they are not where they are said to be: no empty log is begun beside their state', async () => {
    const opened = await fixture.open({ logPath });
    await store(opened, message('a', '1'));
    await opened.close();
    await expect(fixture.open()).rejects.toThrow(
      /no segment of this store lies in .*log: set storePathCommitLog/,
    );
    expect(bodies(readAll(await fixture.open({ logPath }), 'a'))).toEqual(['1']);
  });

  it("are not put beside Apache RocketMQ's", async () => {
    mkdirSync(logPath, { recursive: true });
    writeFileSync(join(logPath, '00000000001073741824'), '');
    await expect(fixture.open({ logPath })).rejects.toThrow(/holds segments of Apache RocketMQ/);
  });
});

describe('the folder of a store', () => {
  let fixture: StoreFixture;
  beforeEach(() => void (fixture = new StoreFixture()));
  afterEach(() => fixture.end());

  it('is refused by name when it is a file, lies in one, or cannot be made', async () => {
    const file = join(fixture.path, 'file');
    writeFileSync(file, 'kept');
    for (const wrong of [{ path: file }, { path: join(file, 'below') }, { logPath: file }]) {
      await expect(fixture.open(wrong)).rejects.toMatchObject({
        kind: 'format',
        message: `${file} is a file, no folder: name one that the broker may write to (storePathRootDir, storePathCommitLog)`,
      });
    }
    await expect(fixture.open({ path: '/proc/store/below' })).rejects.toThrow(
      /^the folder \/proc\S* cannot be made \(\w+\): name one/,
    );
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });
});
