import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bodies, done, message, readAll, store, StoreFixture } from './fixture.js';
import type { MessageStore } from './message-store.js';

describe('what survives a reopening', () => {
  let fixture: StoreFixture;
  beforeEach(() => {
    fixture = new StoreFixture();
  });
  afterEach(() => fixture.end());

  async function reopen(opened: MessageStore): Promise<MessageStore> {
    await opened.close();
    return fixture.open();
  }

  it('is every setting, the latest of each name', async () => {
    let opened = await fixture.open();
    await done((stored) => opened.settings.put('topic', 'a', '1', stored));
    await done((stored) => opened.settings.put('topic', 'a', '2', stored));
    await done((stored) => opened.settings.put('group', 'g', 'x', stored));
    await done((stored) => opened.settings.delete('group', 'g', stored));
    opened = await reopen(opened);
    expect([...opened.settings.all('topic')]).toEqual([['a', '2']]);
    expect(opened.settings.all('group').size).toBe(0);
  });

  it('is where each group reads on', async () => {
    let opened = await fixture.open();
    opened.offsets.commit('g', 'a', 0, 5);
    opened.offsets.commit('g', 'a', 1, 7);
    opened.offsets.commit('h', 'b', 0, 1);
    opened.offsets.commit('gone', 'b', 0, 1);
    opened.offsets.forget('gone');
    opened = await reopen(opened);
    expect([...opened.offsets.ofTopic('g', 'a')]).toEqual([
      [0, 5],
      [1, 7],
    ]);
    expect(opened.offsets.topicsOf('h')).toEqual(['b']);
    expect(opened.offsets.groupsOf('b')).toEqual(['h']);
    expect(opened.offsets.query('gone', 'b', 0)).toBeUndefined();
  });

  it('is nothing of a topic that was deleted and created again: its queues begin at 0', async () => {
    let opened = await fixture.open();
    await store(opened, message('a', 'old'), message('a', 'old', { queueId: 2 }));
    opened.offsets.commit('g', 'a', 0, 1);
    const deleted = done((stored) => opened.deleteTopic('a', stored));
    const anew = store(opened, message('a', 'new'));
    await deleted;
    const [place] = await anew;
    expect(place?.queueOffset).toBe(0);
    for (const each of ['at once', 'reopened']) {
      if (each === 'reopened') opened = await reopen(opened);
      expect(bodies(readAll(opened, 'a'))).toEqual(['new']);
      expect(opened.maxOffset('a', 2)).toBe(0);
      expect(opened.offsets.query('g', 'a', 0)).toBeUndefined();
    }
  });

  it('is refused to another broker name, another cluster and an older version', async () => {
    await (await fixture.open()).close();
    await expect(fixture.open({ brokerName: 'broker-b' })).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringContaining('belongs to broker broker-a, not broker-b'),
    });
    await expect(fixture.open({ clusterName: 'other' })).rejects.toMatchObject({ kind: 'format' });
    const file = join(fixture.path, 'store.json');
    const newer = readFileSync(file, 'utf8').replace('"format": 1', '"format": 2');
    writeFileSync(file, newer);
    await expect(fixture.open()).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringContaining('has format 2, this version reads 1'),
    });
  });

  it('is refused while it is open, also to the same process', async () => {
    await fixture.open();
    await expect(fixture.open()).rejects.toMatchObject({
      kind: 'locked',
      message: `${fixture.path} is in use by process ${process.pid}: stop it, or give this broker a store folder of its own`,
    });
  });
});
