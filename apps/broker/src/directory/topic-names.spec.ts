import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  groupOfRetryTopic,
  isLegalGroup,
  isSystemName,
  maySendTo,
  retryTopicOf,
  validateTopicName,
} from './topic-names.js';

describe('names of topics and groups', () => {
  it('takes exactly what the regular expression of RocketMQ takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => {
        expect(isLegalGroup(name)).toBe(/^[%|a-zA-Z0-9_-]+$/.test(name));
      }),
    );
  });

  it.each([
    ['', 'blank'],
    ['  ', 'blank'],
    ['a b', 'illegal characters'],
    ['shop.order', 'illegal characters'],
    ['t'.repeat(128), 'longer than topic max length 127'],
  ])('refuses %j', (name, why) => {
    expect(() => validateTopicName(name, 127)).toThrow(why);
  });

  it('takes a name of the greatest length', () => {
    expect(() => validateTopicName('t'.repeat(127), 127)).not.toThrow();
  });

  it('knows which topics belong to the system and which of them nobody may send to', () => {
    expect(['TBW102', 'RMQ_SYS_TRANS_HALF_TOPIC', 'rmq_sys_anything'].map(isSystemName)).toEqual([
      true,
      true,
      true,
    ]);
    expect(isSystemName('orders')).toBe(false);
    expect(
      ['RMQ_SYS_TRANS_OP_HALF_TOPIC', 'SCHEDULE_TOPIC_XXXX', 'rmq_sys_halfmq_state'].some(maySendTo),
    ).toBe(false);
    expect(['RMQ_SYS_TRACE_TOPIC', 'BenchmarkTest', 'TBW102', 'orders'].every(maySendTo)).toBe(true);
  });

  it('finds the group of a retry topic', () => {
    expect(groupOfRetryTopic(retryTopicOf('stock'))).toBe('stock');
    expect(groupOfRetryTopic('%DLQ%stock')).toBeUndefined();
  });
});
