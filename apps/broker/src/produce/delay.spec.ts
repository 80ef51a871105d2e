import { describe, expect, it } from '@jest/globals';
import { formatProperties, ManualClock, parseProperties, StatusError } from '@halfmq/remoting';
import type { NewMessage } from '@halfmq/store';
import { Delay, timerSlot, type DelaySettings } from './delay.js';

const LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';
const NOW = Date.UTC(2026, 10, 25) + 250;

function delay(more: Partial<DelaySettings> = {}): Delay {
  return new Delay(new ManualClock(NOW), {
    messageDelayLevel: LEVELS,
    timerWheelEnable: true,
    timerMaxDelaySec: 259_200,
    ...more,
  });
}

function message(properties: Record<string, string>, topic = 'orders'): NewMessage {
  return {
    topic,
    queueId: 3,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: NOW,
    bornHost: { address: Buffer.from([127, 0, 0, 1]), port: 1 },
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('x'),
    properties: formatProperties(Object.entries(properties)),
  };
}

function statusOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof StatusError ? error.status : String(error);
  }
  return undefined;
}

describe('delay levels', () => {
  it.each([
    ['1', 0, 1_000],
    ['4', 3, 30_000],
    ['18', 17, 7_200_000],
    ['99', 17, 7_200_000],
  ])('level %s waits in queue %d for %d ms', (level, queueId, ms) => {
    const waiting = delay().of(message({ DELAY: level, KEYS: 'k' }));
    expect(waiting?.deliverAt).toBe(NOW + ms);
    expect(waiting?.message.topic).toBe('SCHEDULE_TOPIC_XXXX');
    expect(waiting?.message.queueId).toBe(queueId);
    expect(Object.fromEntries(parseProperties(waiting?.message.properties))).toEqual({
      DELAY: level,
      KEYS: 'k',
      REAL_TOPIC: 'orders',
      REAL_QID: '3',
    });
  });

  it('are none when absent, 0 or below', () => {
    const none: Record<string, string>[] = [{}, { DELAY: '0' }, { DELAY: '-1' }];
    for (const properties of none) {
      expect(delay().of(message(properties))).toBeUndefined();
    }
  });

  it('win over timers, which are dropped', () => {
    const waiting = delay().of(message({ DELAY: '1', TIMER_DELAY_SEC: '60', TIMER_DELIVER_MS: '1' }));
    expect(waiting?.deliverAt).toBe(NOW + 1_000);
    expect(waiting?.message.properties).not.toContain('TIMER_');
  });

  it('refuse what is no number', () => {
    expect(statusOf(() => delay().of(message({ DELAY: 'soon' })))).toBe('MESSAGE_ILLEGAL');
  });
});

describe('timer messages', () => {
  it('wait for their time in the wheel topic', () => {
    const waiting = delay().of(message({ TIMER_DELAY_MS: '1800' }));
    expect(waiting?.deliverAt).toBe(NOW + 1_800);
    expect(waiting?.message).toMatchObject({ topic: 'rmq_sys_wheel_timer', queueId: 0 });
    const properties = parseProperties(waiting?.message.properties);
    expect(properties.get('REAL_TOPIC')).toBe('orders');
    expect(properties.get('REAL_QID')).toBe('3');
  });

  it('are shown in the slot RocketMQ would take: the one before when their time is a whole one', () => {
    expect(timerSlot(12_345, 1_000)).toBe(12_000);
    expect(timerSlot(12_000, 1_000)).toBe(11_000);
  });

  it('read seconds before milliseconds before the absolute time', () => {
    const all = { TIMER_DELAY_SEC: '7', TIMER_DELAY_MS: '5', TIMER_DELIVER_MS: String(NOW + 99) };
    expect(delay().of(message(all))?.deliverAt).toBe(NOW + 7_000);
    expect(delay().of(message({ ...all, TIMER_DELAY_SEC: '' }))?.deliverAt).toBe(NOW + 5);
  });

  it('go straight to their topic when their time is over', () => {
    expect(delay().of(message({ TIMER_DELIVER_MS: String(NOW) }))).toBeUndefined();
    expect(delay().of(message({ TIMER_DELAY_SEC: '-5' }))).toBeUndefined();
  });

  it('do not wait again when a delivered one is copied', () => {
    expect(delay().of(message({ TIMER_DELAY_SEC: '60', TIMER_OUT_MS: '1' }))).toBeUndefined();
  });

  it.each([
    [{ TIMER_DELAY_SEC: '259201' }, 'MESSAGE_ILLEGAL'],
    [{ TIMER_DELAY_MS: '1.5' }, 'MESSAGE_ILLEGAL'],
    [{ TIMER_DELIVER_MS: 'tomorrow' }, 'MESSAGE_ILLEGAL'],
    [{ TIMER_DELIVER_MS: '1', TIMER_DEL_UNIQKEY: 'orders+1' }, 'MESSAGE_ILLEGAL'],
  ])('are refused: %j', (properties, status) => {
    expect(statusOf(() => delay().of(message(properties)))).toBe(status);
  });

  it('are refused when switched off, levels are not', () => {
    const off = delay({ timerWheelEnable: false });
    expect(statusOf(() => off.of(message({ TIMER_DELAY_SEC: '1' })))).toBe('SYSTEM_ERROR');
    expect(off.of(message({ DELAY: '1' }))).toBeDefined();
  });
});

describe('half messages', () => {
  it('do not wait before they are committed', () => {
    expect(delay().of(message({ DELAY: '3' }, 'RMQ_SYS_TRANS_HALF_TOPIC'))).toBeUndefined();
  });
});
