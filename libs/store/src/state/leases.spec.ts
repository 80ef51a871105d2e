import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { message, store, StoreFixture } from '../fixture.js';
import type { MessageStore } from '../message-store.js';

/** The room that gives leases, as far as the store sees it. */
class Room {
  readonly documents = new Map<string, string>();
  asked = 0;
  private lasting: MessageStore | undefined;

  open(opened: MessageStore): void {
    this.lasting = opened;
    const rows = opened.leases.takenOver((group, topic, part) => {
      this.asked++;
      return this.documents.get(named(group, topic, part));
    });
    this.documents.clear();
    for (const [group, topic, document, part] of rows)
      this.documents.set(named(group, topic, part), document ?? '');
  }

  set(group: string, topic: string, document: string | undefined, part?: string): void {
    if (document === undefined) this.documents.delete(named(group, topic, part));
    else this.documents.set(named(group, topic, part), document);
    this.lasting?.leases.touch(group, topic, part);
  }
}

const named = (group: string, topic: string, part = ''): string => `${group} ${topic} ${part}`.trim();

describe('leases', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  let room: Room;
  beforeEach(async () => {
    fixture = new StoreFixture();
    opened = await fixture.open();
    room = new Room();
    room.open(opened);
  });
  afterEach(() => fixture.end());

  async function reopen(meanwhile: () => void = () => undefined): Promise<Record<string, string>> {
    await opened.close();
    meanwhile();
    opened = await fixture.open();
    room.open(opened);
    return Object.fromEntries(room.documents);
  }

  it('are asked for when they are written, not each time they change', async () => {
    for (let each = 0; each < 100; each++) room.set('g', 'a', String(each));
    expect(room.asked).toBe(0);
    await fixture.clock.advance(500);
    expect(room.asked).toBe(1);
    expect(await reopen()).toEqual({ 'g a': '99' });
  });

  it('that have ended are not there after a restart', async () => {
    room.set('g', 'a', 'one');
    room.set('g', 'b', 'two');
    await fixture.clock.advance(1_000);
    room.set('g', 'a', undefined);
    expect(await reopen()).toEqual({ 'g b': 'two' });
  });

  it('are in the log, too: what is lost with the state comes from there', async () => {
    room.set('g', 'a', 'one');
    room.set('h', 'a', 'gone soon');
    await fixture.clock.advance(5_000);
    room.set('g', 'a', 'two');
    room.set('h', 'a', undefined);
    await fixture.clock.advance(5_000);
    expect(await reopen(() => rmSync(join(fixture.path, 'state.mdb')))).toEqual({ 'g a': 'two' });
  });

  it('are logged in one record with the offsets that were committed with them', async () => {
    await store(opened, message('a', '1'));
    opened.offsets.commit('g', 'a', 0, 1);
    room.set('g', 'a', 'one');
    await fixture.clock.advance(5_000);
    const [record, ...more] = await logged();
    expect(more).toEqual([]);
    expect(record).toMatchObject({ groups: [['g', 'a', [0, 1]]], leases: [['g', 'a', 'one']] });
  });

  it('in parts are asked for part by part, and survive so', async () => {
    for (let part = 0; part < 100; part++) room.set('g', 'a', `part ${part}`, String(part));
    room.set('g', 'a', 'without one');
    await fixture.clock.advance(5_000);
    const before = { asked: room.asked, logged: (await logged()).length };
    room.set('g', 'a', 'changed', '7');
    room.set('g', 'a', undefined, '8');
    await fixture.clock.advance(5_000);
    // each for the state, and for the log
    expect(room.asked - before.asked).toBeLessThanOrEqual(4);
    expect((await logged()).slice(before.logged)).toMatchObject([
      {
        leases: [
          ['g', 'a', 'changed', '7'],
          ['g', 'a', null, '8'],
        ],
      },
    ]);
    const left = await reopen();
    expect(Object.keys(left)).toHaveLength(100);
    expect(left).toMatchObject({ 'g a': 'without one', 'g a 7': 'changed', 'g a 99': 'part 99' });
    const again = await reopen(() => rmSync(join(fixture.path, 'state.mdb')));
    expect(again).toEqual(left);
  });

  it('in parts end with their topic', async () => {
    await store(opened, message('a', '1'));
    for (const part of ['1', '2']) room.set('g', 'a', 'one', part);
    room.set('g', 'b', 'two', '1');
    await fixture.clock.advance(5_000);
    room.documents.delete('g a 1');
    room.documents.delete('g a 2');
    await new Promise<void>((resolve) => opened.deleteTopic('a', () => resolve()));
    expect(await reopen(() => rmSync(join(fixture.path, 'state.mdb')))).toEqual({ 'g b 1': 'two' });
  });

  it('end with their topic', async () => {
    await store(opened, message('a', '1'));
    room.set('g', 'a', 'one');
    await fixture.clock.advance(5_000);
    room.documents.clear();
    await new Promise<void>((resolve) => opened.deleteTopic('a', () => resolve()));
    expect(await reopen(() => rmSync(join(fixture.path, 'state.mdb')))).toEqual({});
  });

  async function logged(): Promise<object[]> {
    const { records, giveBack } = opened.read('rmq_sys_halfmq_state', 0, 0, {
      maxMessages: 100,
      maxBytes: 1_000_000,
    });
    const texts =
      Buffer.concat(records)
        .toString('latin1')
        .match(/\{"type":"offsets[^\u0000]*\}/g) ?? [];
    giveBack();
    return texts.map((text) => JSON.parse(text) as object);
  }
});
