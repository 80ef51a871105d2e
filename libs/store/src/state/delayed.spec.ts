import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord, propertyOf, silentLog } from '@halfmq/remoting/record';
import { bodies, done, message, readAll, StoreFixture } from '../fixture.js';
import type { DelayedMessage, MessageStore } from '../message-store.js';
import { DecisionWriter } from './decision.js';
import { LoggedDelayedMessages } from './delayed.js';
import type { Appender } from './part.js';
import { StateEnvironment, stateFile } from './state-environment.js';

describe('delayed messages', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  beforeEach(async () => {
    fixture = new StoreFixture();
    opened = await fixture.open();
  });
  afterEach(() => fixture.end());

  const TIMER = 'rmq_sys_wheel_timer';
  const wait = (body: string, ms: number): Promise<void> =>
    done((stored) => void opened.delayed.schedule(message(TIMER, body), fixture.clock.now() + ms, stored));
  const due = () => opened.delayed.due(fixture.clock.now(), 10);

  async function reopen(): Promise<void> {
    await opened.close();
    opened = await fixture.open();
  }

  it('are due at their time, the longest due first, over restarts', async () => {
    await wait('later', 2000);
    await wait('soon', 1000);
    await wait('much later', 9000);
    expect(due()).toEqual([]);
    await reopen();
    expect(opened.delayed.waiting).toBe(3);
    expect(opened.delayed.nextDueAt()).toBe(fixture.clock.now() + 1000);
    await fixture.clock.advance(2000);
    const texts = due().map(({ physicalOffset }) => opened.recordAt(physicalOffset)?.toString('latin1'));
    expect(texts.map((text) => /soon|later/.exec(text ?? '')?.[0])).toEqual(['soon', 'later']);
  });

  it('are not due before they are stored, however short their time: nobody could read them yet', async () => {
    const waiting = wait('at once', 0);
    expect(due()).toEqual([]);
    expect(opened.delayed.nextDueAt()).toBeUndefined();
    await waiting;
    expect(due()).toHaveLength(1);
  });

  describe('recalled', () => {
    const recalled = (message: DelayedMessage): Promise<void> =>
      done((stored) => opened.delayed.recall(message, stored));

    it('are not due, wherever they lie: in memory, or far behind in the state', async () => {
      for (let each = 0; each < 10_000; each += 500) {
        await Promise.all(Array.from({ length: 500 }, (_, nth) => wait('x', 10_000 + each + nth)));
        await fixture.clock.advance(0);
      }
      await opened.close();
      opened = await fixture.open();
      const first = opened.delayed.due(Number.MAX_SAFE_INTEGER, 1)[0]!;
      const lasts = [...new Set([first, await last()])];
      for (const message of lasts) await recalled(message);
      for (const message of lasts) await recalled(message);
      expect(opened.delayed.waiting).toBe(9_998);
      await reopen();
      expect(opened.delayed.waiting).toBe(9_998);
      const all = opened.delayed
        .due(Number.MAX_SAFE_INTEGER, 20_000)
        .map(({ physicalOffset }) => physicalOffset);
      expect(all).toHaveLength(9_998);
      for (const { physicalOffset } of lasts) expect(all).not.toContain(physicalOffset);
    });

    async function last(): Promise<DelayedMessage> {
      const { records, giveBack } = opened.read(TIMER, 0, 9_999, { maxMessages: 1, maxBytes: 1 });
      const record = decodeRecord(Buffer.from(records[0]!));
      giveBack();
      const deliverAt = Number(propertyOf(record.properties, 'TIMER_OUT_MS'));
      return { deliverAt, physicalOffset: record.physicalOffset };
    }

    it('are left alone under another time or place', async () => {
      await wait('a', 1_000);
      const [only] = opened.delayed.due(Number.MAX_SAFE_INTEGER, 1);
      await recalled({ ...only!, deliverAt: 5 });
      await recalled({ ...only!, physicalOffset: 5 });
      expect(opened.delayed.waiting).toBe(1);
    });
  });

  it('are delivered once', async () => {
    await wait('a', 0);
    const [first] = due();
    if (!first) throw new Error('nothing is due');
    const delivered = done((stored) => opened.delayed.deliver(first, [message('real', 'a')], stored));
    expect(due()).toEqual([]);
    await delivered;
    for (let restart = 0; restart < 2; restart++) {
      await reopen();
      expect(due()).toEqual([]);
      expect(opened.delayed.waiting).toBe(0);
      expect(bodies(readAll(opened, 'real'))).toEqual(['a']);
    }
  });

  it('can be dropped', async () => {
    await wait('a', 0);
    for (const each of due()) await done((stored) => opened.delayed.deliver(each, [], stored));
    expect(due()).toEqual([]);
  });
});

describe('a delivery whose commit fails', () => {
  it('is due again, also when the message left memory meanwhile', async () => {
    const fixture = new StoreFixture();
    const state = await StateEnvironment.open(stateFile(fixture.path), silentLog);
    let undo: (() => void)[] = [];
    const log: Appender = {
      append: (messages) => messages.map(() => ({ queueOffset: 0, physicalOffset: 7, storeTimestamp: 0 })),
      onUndo: (act) => void undo.unshift(act),
      onCommit: (act) => act(),
      whenStored: () => undefined,
    };
    const decisions = new DecisionWriter({ address: Buffer.alloc(4), port: 1 }, () => 0);
    const delayed = new LoggedDelayedMessages(log, decisions, () => undefined);
    delayed.load(state);
    delayed.schedule(message('rmq_sys_wheel_timer', 'a'), 1000, () => undefined);
    const writing = delayed.changes();
    undo = [];
    delayed.deliver({ deliverAt: 1000, physicalOffset: 7 }, [], () => undefined);
    for (const act of undo) act();
    await state.write(writing, 1);
    delayed.written();
    await state.write(delayed.changes(), 2);
    delayed.written();
    expect(delayed.due(1000, 9)).toEqual([{ deliverAt: 1000, physicalOffset: 7 }]);
    await state.close();
    await fixture.end();
  });
});

describe('many delayed messages', () => {
  const TIMER = 'rmq_sys_wheel_timer';
  let fixture: StoreFixture;
  beforeEach(() => {
    fixture = new StoreFixture();
  });
  afterEach(() => fixture.end());

  /** A few thousand fit into memory: of 9,000 most are read from the state environment when their time comes. */
  async function scheduled(store: MessageStore, count: number): Promise<number[]> {
    const now = fixture.clock.now();
    // in no order, some at the same time
    const times = Array.from({ length: count }, (_, each) => now + 1000 + ((each * 7919) % (count / 2)));
    for (const at of times) store.delayed.schedule(message(TIMER, String(at)), at, () => undefined);
    await store.flush();
    return times.toSorted((a, b) => a - b);
  }

  /** The projection is written each half second, in the thread pool. */
  async function until(store: MessageStore, reached: () => boolean): Promise<void> {
    for (let round = 0; round < 2_000 && !reached(); round++) {
      await fixture.clock.advance(500);
      await store.flush();
    }
    expect(reached()).toBe(true);
  }

  async function deliverAll(store: MessageStore, most = Infinity): Promise<number[]> {
    const times: number[] = [];
    const now = fixture.clock.now();
    while (times.length < most) {
      const batch = store.delayed.due(now, Math.min(1000, most - times.length));
      if (batch.length === 0) break;
      for (const each of batch) {
        times.push(each.deliverAt);
        store.delayed.deliver(each, [message('real', String(each.deliverAt))], () => undefined);
      }
      await store.flush();
    }
    return times;
  }

  it('come in order and once, those before a restart and those after it', async () => {
    let opened = await fixture.open();
    const far = fixture.clock.now() + 3_600_000;
    opened.delayed.schedule(message(TIMER, 'far'), far, () => undefined);
    await opened.flush();
    await until(opened, () => opened.delayed.nextDueAt() === far);
    const expected = await scheduled(opened, 9_000);
    await until(opened, () => (opened.delayed as LoggedDelayedMessages).kept < 5_000);
    const early = await scheduled(opened, 100);
    expect(opened.delayed.waiting).toBe(9_101);
    expect(opened.delayed.nextDueAt()).toBe(expected[0]);
    await fixture.clock.advance(20_000);
    const delivered = await deliverAll(opened, 4_500);
    await opened.close();
    opened = await fixture.open();
    expect(opened.delayed.waiting).toBe(4_601);
    delivered.push(...(await deliverAll(opened)));
    expect(delivered).toEqual([...expected, ...early].toSorted((a, b) => a - b));
    expect([opened.delayed.waiting, opened.delayed.nextDueAt()]).toEqual([1, far]);
    await opened.close();
    opened = await fixture.open();
    expect(opened.delayed.due(fixture.clock.now(), 10)).toEqual([]);
    expect(opened.maxOffset('real', 0)).toBe(9_100);
  });
});
