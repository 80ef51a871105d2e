import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { searchOffsetByTimestamp } from '@halfmq/remoting';
import { PopTrial } from '../kit/pop-trial.js';

const TWO_HOURS_MS = 7_200_000;
const GROUP = 'shop';
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000' };
/** RocketMQ's third delay level. */
const TEN_SECONDS = '3';

describe('the clock of a broker set back by two hours', () => {
  let trial: PopTrial;
  beforeEach(async () => {
    trial = await PopTrial.start(SETTINGS);
    await trial.client.producer(GROUP, ['*']);
  });
  afterEach(() => trial.close());

  const setBack = (): void => trial.broker.clock.setWallClock(trial.broker.clock.now() - TWO_HOURS_MS);
  const pass = (ms: number): Promise<void> => trial.broker.pass(ms, trial.client);

  it('loses nothing, and changes no order', async () => {
    await trial.send('before');
    setBack();
    await trial.send('after');
    expect(await trial.client.bodies('orders')).toEqual(['before', 'after']);
    await trial.broker.restart();
    trial.client = trial.broker.client();
    await trial.send('restarted');
    expect(await trial.client.bodies('orders')).toEqual(['before', 'after', 'restarted']);
  });

  it('delays no check of what comes, and what was there is asked about when its time is there again', async () => {
    const before = await trial.client.half(GROUP, 'orders', 'before');
    setBack();
    const after = await trial.client.half(GROUP, 'orders', 'after');
    const asked = (): string[] => trial.client.checks.map(({ header }) => header.transactionId ?? '');
    await pass(10_000);
    expect(asked()).toEqual([after.uniqueKey]);
    expect((await trial.client.commit(after)).code).toBe(0);
    await pass(TWO_HOURS_MS);
    expect(asked()).toContain(before.uniqueKey);
    expect((await trial.client.commit(before)).code).toBe(0);
    expect(await trial.client.bodies('orders')).toEqual(['after', 'before']);
  });

  it('delays no message that comes, and what waited is delivered at the time it was told, once', async () => {
    await trial.client.send('orders', 'before', { DELAY: TEN_SECONDS });
    setBack();
    await trial.client.send('orders', 'after', { DELAY: TEN_SECONDS });
    await pass(9_000);
    expect(await trial.client.bodies('orders')).toEqual([]);
    await pass(2_000);
    expect(await trial.client.bodies('orders')).toEqual(['after']);
    await pass(TWO_HOURS_MS);
    expect(await trial.client.bodies('orders')).toEqual(['after', 'before']);
  });

  it('loses no popped message, not even when the broker is killed: each comes again', async () => {
    await trial.send('one', 'two');
    expect(await trial.readers.bodies({ maxMsgNums: 1 })).toEqual(['one']);
    setBack();
    await trial.send('three');
    expect(await trial.readers.bodies()).toEqual(['two', 'three']);
    await pass(30_000);
    await trial.kill();
    await pass(31_000);
    expect((await trial.readers.bodies()).toSorted()).toEqual(['three', 'two']);
    await pass(TWO_HOURS_MS);
    expect(await trial.readers.bodies()).toContain('one');
  });

  it('finds what was stored by the time it was stored', async () => {
    await trial.send('before');
    setBack();
    const at = trial.broker.clock.now();
    await trial.send('after');
    const found = await trial.client.ask(searchOffsetByTimestamp, {
      topic: 'orders',
      queueId: 0,
      timestamp: at,
    });
    expect(found.extFields?.['offset']).toBe('0');
  });
});
