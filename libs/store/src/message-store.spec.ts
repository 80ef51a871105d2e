import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord, decodeRecords, formatProperties, tagsCode } from '@halfmq/remoting/record';
import { bodies, done, message, plain, readAll, store, StoreFixture } from './fixture.js';
import type { Arrival } from './message-store.js';

describe('the message store', () => {
  let fixture: StoreFixture;
  beforeEach(() => {
    fixture = new StoreFixture();
  });
  afterEach(() => fixture.end());

  it('shows a message when its group is committed, not before, without the clock moving', async () => {
    const opened = await fixture.open();
    const stored = store(opened, message('orders', 'one'));
    expect(opened.maxOffset('orders', 0)).toBe(0);
    expect(opened.read('orders', 0, 0, { maxMessages: 1, maxBytes: 1000 }).status).toBe(
      'NO_MESSAGE_IN_QUEUE',
    );
    const [place] = await stored;
    expect(place).toMatchObject({ queueOffset: 0, physicalOffset: 0, storeTimestamp: fixture.clock.now() });
    expect(bodies(readAll(opened, 'orders'))).toEqual(['one']);
    expect(decodeRecord(opened.recordAt(0) ?? Buffer.alloc(0)).topic).toBe('orders');
    expect(opened.recordAt(1)).toBeUndefined();
  });

  it('calls back for each append, also when the same function waits for all', async () => {
    const opened = await fixture.open();
    let calls = 0;
    const stored = (): void => void calls++;
    for (let each = 0; each < 3; each++) opened.append([message('orders', `${each}`)], stored);
    await opened.flush();
    expect(calls).toBe(3);
  });

  it('finds everything again after it was closed, and numbers on', async () => {
    let opened = await fixture.open();
    await store(opened, message('a', '1'), message('b', '2', { queueId: 3 }), message('a', '3'));
    await opened.close();
    opened = await fixture.open();
    const [place] = await store(opened, message('a', '4'));
    expect(place?.queueOffset).toBe(2);
    expect(bodies(readAll(opened, 'a'))).toEqual(['1', '3', '4']);
    expect(bodies(readAll(opened, 'b', 3))).toEqual(['2']);
  });

  it('answers each kind of offset as RocketMQ does', async () => {
    const opened = await fixture.open();
    await store(opened, message('a', '1'), message('a', '2'));
    const status = (offset: number): string =>
      opened.read('a', 0, offset, { maxMessages: 9, maxBytes: 9999 }).status;
    expect(opened.read('x', 0, 5, { maxMessages: 9, maxBytes: 9999 })).toMatchObject({
      status: 'NO_MESSAGE_IN_QUEUE',
      nextOffset: 0,
    });
    expect([0, 1, 2, 3, -1].map(status)).toEqual([
      'FOUND',
      'FOUND',
      'OFFSET_OVERFLOW_ONE',
      'OFFSET_OVERFLOW_BADLY',
      'OFFSET_TOO_SMALL',
    ]);
  });

  it('passes over what a tag filter does not want and says where to read on', async () => {
    const opened = await fixture.open();
    const tagged = (tag: string) => message('a', tag, { properties: formatProperties([['TAGS', tag]]) });
    await store(opened, tagged('x'), tagged('y'), tagged('x'), tagged('z'));
    const limits = { maxMessages: 9, maxBytes: 9999 };
    const only = (tag: string) => ({ ...limits, accepts: (code: number) => code === tagsCode(tag) });
    const found = opened.read('a', 0, 0, only('x'));
    expect(found).toMatchObject({ status: 'FOUND', count: 2, nextOffset: 4 });
    expect(found.records.flatMap((row) => decodeRecords(row))).toHaveLength(2);
    expect(opened.read('a', 0, 0, only('none'))).toMatchObject({
      status: 'NO_MATCHED_MESSAGE',
      nextOffset: 4,
    });
  });

  it('answers the records alone that a judge of them wants, and lets it judge so many at most', async () => {
    const opened = await fixture.open();
    await store(opened, ...['x', 'y', 'x', 'y', 'y', 'y'].map((body) => message('a', body)));
    const judged: string[] = [];
    const wants = (body: string) => (records: Buffer, at: number) => {
      const record = decodeRecord(records, at);
      judged.push(record.body.toString());
      return judged.at(-1) === body;
    };
    const limits = { maxMessages: 9, maxBytes: 9999 };
    const found = opened.read('a', 0, 0, { ...limits, judge: { most: 4, wants: wants('x') } });
    expect(found).toMatchObject({ status: 'FOUND', count: 2, nextOffset: 4 });
    expect(bodies(decodeRecords(Buffer.concat(found.records)))).toEqual(['x', 'x']);
    expect(judged).toEqual(['x', 'y', 'x', 'y']);
    expect(opened.read('a', 0, 4, { ...limits, judge: { most: 1, wants: wants('x') } })).toMatchObject({
      status: 'NO_MATCHED_MESSAGE',
      nextOffset: 5,
    });
  });

  it('returns one message even when it is larger than the limit', async () => {
    const opened = await fixture.open();
    await store(opened, message('a', 'x'.repeat(1000)), message('a', 'y'));
    expect(opened.read('a', 0, 0, { maxMessages: 9, maxBytes: 10 })).toMatchObject({
      count: 1,
      nextOffset: 1,
    });
  });

  it('stores a message larger than a block', async () => {
    let opened = await fixture.open();
    const large = 'z'.repeat(1_500_000);
    await store(opened, message('a', 'before'), message('a', large), message('a', 'after'));
    const lengths = () => bodies(readAll(opened, 'a')).map((body) => body.length);
    expect(lengths()).toEqual([6, 1_500_000, 5]);
    await opened.close();
    opened = await fixture.open();
    expect(lengths()).toEqual([6, 1_500_000, 5]);
    expect(bodies(readAll(opened, 'a'))[1] === large).toBe(true);
  });

  it('finds offsets by store time', async () => {
    const opened = await fixture.open();
    const start = fixture.clock.now();
    for (let second = 0; second < 5; second++) {
      await store(opened, message('a', `${second}`), message('a', `${second}'`));
      await fixture.clock.advance(1000);
    }
    expect(opened.storeTimeAt('a', 0, 4)).toBe(start + 2000);
    expect(opened.storeTimeAt('a', 0, 99)).toBeUndefined();
    const at = (ms: number, boundary: 'LOWER' | 'UPPER') => opened.offsetByTime('a', 0, start + ms, boundary);
    expect([at(-1, 'LOWER'), at(2000, 'LOWER'), at(1500, 'LOWER'), at(99_000, 'LOWER')]).toEqual([
      0, 4, 4, 10,
    ]);
    expect([at(-1, 'UPPER'), at(2000, 'UPPER'), at(1500, 'UPPER'), at(99_000, 'UPPER')]).toEqual([
      0, 5, 3, 10,
    ]);
  });

  it('never lets store times go backwards', async () => {
    const opened = await fixture.open();
    const start = fixture.clock.now();
    await store(opened, message('a', '1'));
    fixture.clock.setWallClock(start - 3_600_000);
    const [place] = await store(opened, message('a', '2'));
    expect(place?.storeTimestamp).toBe(start);
  });

  it('tells arrivals, queue by queue, after the commit', async () => {
    const opened = await fixture.open();
    const arrivals: Arrival[] = [];
    const stop = opened.onArrival((arrival) => arrivals.push(arrival));
    const first = store(opened, message('a', '1'), message('b', '2'), message('a', '3'));
    expect(arrivals).toEqual([]);
    await first;
    expect(arrivals).toMatchObject([
      { topic: 'a', queueId: 0, from: 0, maxOffset: 2, tagsCodes: [0, 0] },
      { topic: 'b', queueId: 0, from: 0, maxOffset: 1, tagsCodes: [0] },
    ]);
    stop();
    await store(opened, message('a', '4'));
    expect(arrivals).toHaveLength(2);
  });

  it('refuses what can never be stored and keeps nothing of its append', async () => {
    const opened = await fixture.open();
    const illegal = message('a', 'x', { properties: `k\u0001${'v'.repeat(40_000)}\u0002` });
    expect(() => opened.append([message('a', 'ok'), illegal], () => undefined)).toThrow(
      expect.objectContaining({ kind: 'illegal' }),
    );
    const tooBig = message('a', 'x', { flag: 2 ** 40 });
    expect(() => opened.append([message('a', 'ok'), tooBig], () => undefined)).toThrow(
      expect.objectContaining({ kind: 'illegal' }),
    );
    const [place] = await store(opened, message('a', 'fine'));
    expect(place).toMatchObject({ queueOffset: 0, physicalOffset: 0 });
    expect(bodies(readAll(opened, 'a'))).toEqual(['fine']);
  });

  it('keeps nothing of an append with a number that does not fit, not even an empty block', async () => {
    let opened = await fixture.open();
    const [first] = await store(opened, message('a', '1'));
    const tooMuch = message('a', 'x', { reconsumeTimes: 2 ** 31 });
    expect(() => opened.append([message('b', 'ok'), tooMuch], () => undefined)).toThrow(
      expect.objectContaining({ kind: 'illegal' }),
    );
    await opened.close();
    fixture.clock.setWallClock(fixture.clock.now() - 3_600_000);
    opened = await fixture.open();
    const [place] = await store(opened, message('a', '2'));
    expect(place).toMatchObject({ queueOffset: 1, storeTimestamp: first?.storeTimestamp });
    expect(bodies(readAll(opened, 'a'))).toEqual(['1', '2']);
    expect(opened.maxOffset('b', 0)).toBe(0);
  });

  it('keeps nothing of plain messages with a number that does not fit, nor of their queue', async () => {
    let opened = await fixture.open();
    const tooMuch = { reconsumeTimes: 2 ** 31 };
    const illegal = expect.objectContaining({ kind: 'illegal' });
    expect(() => opened.appendPlain(plain('b', 'x', tooMuch), () => undefined)).toThrow(illegal);
    const batch = {
      count: 2,
      bytes: 2,
      waits: undefined,
      first: () => plain('c', '1'),
      next: () => plain('c', '2', tooMuch),
    };
    expect(() => opened.appendBatch(batch, () => undefined)).toThrow(illegal);
    await done((stored) => void opened.appendPlain(plain('a', '1'), stored));
    const alone = (): unknown => opened.appendPlain(plain('a', 'y', tooMuch), () => undefined);
    expect(alone).toThrow(illegal);
    await opened.close();
    opened = await fixture.open();
    await done((stored) => void opened.appendPlain(plain('a', '2'), stored));
    expect(bodies(readAll(opened, 'a'))).toEqual(['1', '2']);
    expect([opened.maxOffset('b', 0), opened.maxOffset('c', 0)]).toEqual([0, 0]);
  });

  it('names the topics that have a queue, also after it was closed, until they end', async () => {
    let opened = await fixture.open();
    await store(opened, message('a', '1'), message('b', '2', { queueId: 3 }), message('b', '3'));
    await done((stored) => opened.deleteTopic('a', stored));
    await opened.close();
    opened = await fixture.open();
    expect([...opened.topics()].filter((topic) => topic.length === 1)).toEqual(['b']);
  });

  it('opens with more queues than a call can have arguments', async () => {
    const queues = 130_000;
    let opened = await fixture.open();
    const each = message('a', 'x');
    const all = Array.from({ length: queues }, (_, queueId) => ({ ...each, queueId }));
    await done((stored) => void opened.append(all, stored));
    await opened.close();
    opened = await fixture.open();
    expect(opened.maxOffset('a', queues - 1)).toBe(1);
  });

  it('leaves its files alone after close, whoever still reads', async () => {
    let opened = await fixture.open();
    const [place] = await store(opened, message('a', '1'));
    await opened.close();
    opened = await fixture.open();
    await opened.close();
    rmSync(join(fixture.path, 'log'), { recursive: true });
    expect(readAll(opened, 'a')).toEqual([]);
    expect(opened.recordAt(place?.physicalOffset ?? -1)).toBeUndefined();
    expect(opened.storeTimeAt('a', 0, 0)).toBeUndefined();
    expect(existsSync(join(fixture.path, 'log'))).toBe(false);
  });

  it('takes nothing after close', async () => {
    const opened = await fixture.open();
    await opened.close();
    expect(opened.writable).toBe(false);
    expect(() => opened.append([message('a', 'late')], () => undefined)).toThrow(
      expect.objectContaining({ kind: 'closed' }),
    );
  });
});
