import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeRecords,
  decodeSubscriptionGroupConfig,
  deleteSubscriptiongroup,
  getSubscriptiongroupConfig,
  ManualClock,
  ResponseCode,
  silentLog,
  updateAndCreateSubscriptiongroup,
} from '@halfmq/remoting';
import { openStore, type MessageStore, type StoreOptions } from '@halfmq/store';
import { SmallDisk } from '../kit/small-disk.js';
import { workMessage, workOptions } from '../kit/store-work.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';

const MIB = 1024 * 1024;
const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';
const onDisk = SmallDisk.isPossible ? describe : describe.skip;

onDisk('a disk without room', () => {
  let disk: SmallDisk;
  let clock: ManualClock;
  let opened: MessageStore | undefined;
  let said: string[];
  beforeEach(() => {
    disk = new SmallDisk(16 * MIB);
    clock = new ManualClock();
    said = [];
  });
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
    disk.end();
  });

  async function open(more: Partial<StoreOptions> = {}): Promise<MessageStore> {
    const log = {
      ...silentLog,
      warn: (text: string) => said.push(text),
      error: (text: string) => said.push(text),
    };
    const options = { clock, log, segmentBytes: 256 * 1024, ...more };
    return (opened = await openStore(workOptions(join(disk.path, 'store'), options)));
  }

  function send(store: MessageStore, body: string, topic = 'a'): Promise<string | undefined> {
    return new Promise((resolve) => {
      try {
        store.append([workMessage(topic, 0, body)], (error) => resolve(error?.kind));
      } catch (error) {
        resolve((error as { kind?: string }).kind ?? String(error));
      }
    });
  }

  function bodies(store: MessageStore, topic = 'a'): string[] {
    const found: string[] = [];
    for (let offset = store.minOffset(topic, 0); offset < store.maxOffset(topic, 0);) {
      const { records, nextOffset } = store.read(topic, 0, offset, { maxMessages: 64, maxBytes: MIB });
      for (const record of records.flatMap((piece) => decodeRecords(piece)))
        found.push(record.body.toString());
      offset = nextOffset;
    }
    return found;
  }
  it('is answered as the wire says it, pulls go on, nothing is half there, and sends resume by themselves', async () => {
    const broker = await TimedBroker.start({ storePathRootDir: join(disk.path, 'store') });
    try {
      const client = broker.client();
      await client.consumer('readers', { Full: '*' });
      await client.send('Full', 'before');
      disk.fill(4 * MIB + 250 * 1024);
      await broker.clock.advance(200);
      let refused: { code: number; remark?: string | undefined } | undefined;
      let answered = 1;
      while (!refused) {
        const answer = await client.send('Full', 'x'.repeat(8_000));
        if (answer.code === ResponseCode.SUCCESS) answered++;
        else refused = answer;
      }
      expect(refused).toMatchObject({ code: ResponseCode.SERVICE_NOT_AVAILABLE });
      expect(refused.remark).toMatch(/make room, sends resume by themselves/);
      expect((await client.send('Full', 'again')).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE);
      expect(await client.bodies('Full')).toHaveLength(answered);
      disk.empty();
      await broker.clock.advance(1000);
      expect((await client.send('Full', 'after')).code).toBe(ResponseCode.SUCCESS);
      const found = await client.bodies('Full');
      expect([found.length, found.at(-1)]).toEqual([answered + 1, 'after']);
    } finally {
      await broker.close();
    }
  });

  it('keeps a group whose deletion it cannot store, as it is', async () => {
    const broker = await TimedBroker.start({ storePathRootDir: join(disk.path, 'store') });
    try {
      const client = broker.client();
      const retryMaxTimes = async (): Promise<unknown> => {
        const { code, body } = await client.ask(getSubscriptiongroupConfig, { group: 'kept' });
        return code === ResponseCode.SUCCESS && decodeSubscriptionGroupConfig(body).retryMaxTimes;
      };
      await client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'kept', retryMaxTimes: 3 });
      disk.fill(4 * MIB + 250 * 1024);
      await broker.clock.advance(200);
      while ((await client.send('Full', 'x'.repeat(8_000))).code === ResponseCode.SUCCESS);
      const refused = await client.ask(deleteSubscriptiongroup, { groupName: 'kept' });
      expect(refused.code).not.toBe(ResponseCode.SUCCESS);
      expect(await retryMaxTimes()).toBe(3);
    } finally {
      disk.empty();
      await broker.close();
    }
  });

  it('full to whatever page: each group is there or not, and all goes on when there is room', async () => {
    let store = await open();
    const wanted: string[] = [];
    let failed = 0;
    for (let round = 0; round < 10; round++) {
      disk.fill(4 * MIB + round * 80 * 1024);
      await clock.advance(200);
      for (let each = 0; each < 12; each++) {
        const body = `${round}-${each}-${'x'.repeat(each % 3 === 0 ? 40_000 : 300)}`;
        const error = await send(store, body);
        if (error === undefined) wanted.push(body);
        else failed++;
        await send(store, 'half', HALF);
        store.offsets.commit('group', 'a', 0, wanted.length);
        if (each % 4 === 0) await clock.advance(500);
      }
      disk.empty();
      await clock.advance(1000);
      expect(store.writable).toBe(true);
      const body = `${round}-after`;
      expect(await send(store, body)).toBeUndefined();
      wanted.push(body);
      if (round % 4 === 3) {
        await store.close();
        for (const name of readdirSync(join(disk.path, 'store/log')))
          if (name.endsWith('.keys')) rmSync(join(disk.path, 'store/log', name));
        store = await open();
      }
    }
    expect(failed).toBeGreaterThan(20);
    expect(bodies(store)).toEqual(wanted);
    expect(store.damaged).toBe(0);
    expect(store.offsets.query('group', 'a', 0)).toBeGreaterThan(0);
    expect(store.maxOffset(HALF, 0)).toBe(store.halves.pending);
  });

  it('makes room by itself: segments with nothing owed go without an append', async () => {
    const store = await open({ retentionMs: 60_000 });
    for (let each = 0; each < 20; each++) await send(store, 'x'.repeat(60_000));
    await clock.advance(1000);
    const before = store.minPhysicalOffset;
    disk.fill(5 * MIB);
    await clock.advance(200);
    while ((await send(store, 'x'.repeat(60_000))) === undefined);
    clock.setWallClock(clock.now() + 120_000);
    await clock.advance(10_000);
    await until('retention made room', () => store.minPhysicalOffset > before);
    await until('sends resumed', async () => {
      await clock.advance(1000);
      return store.writable;
    });
    expect(await send(store, 'after')).toBeUndefined();
    expect(bodies(store).at(-1)).toBe('after');
  });

  it.each([
    ['the first start', false],
    ['a later start, whose lock files are gone', true],
  ])('ends %s with one line, not with the process', async (_, later) => {
    if (later) {
      const store = await open();
      await send(store, 'before');
      await store.close();
      for (const name of readdirSync(disk.path, { recursive: true, encoding: 'utf8' }))
        if (name.endsWith('-lock')) rmSync(join(disk.path, name));
    }
    disk.fill(later ? 4096 : 8 * 4096);
    await expect(open()).rejects.toMatchObject({ kind: 'disk-full' });
    disk.empty();
    const store = await open();
    expect(await send(store, 'after')).toBeUndefined();
    expect(bodies(store)).toEqual(later ? ['before', 'after'] : ['after']);
  });
});
