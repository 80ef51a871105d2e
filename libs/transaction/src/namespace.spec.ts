import { describe, expect, it } from '@jest/globals';
import { InvalidOption } from './errors.js';
import { Namespace } from './namespace.js';

describe('a namespace', () => {
  const names = new Namespace('eu');

  it.each([
    ['orders', 'eu%orders'],
    ['%RETRY%stock', '%RETRY%eu%stock'],
    ['%DLQ%stock', '%DLQ%eu%stock'],
    ['eu-orders', 'eu%eu-orders'],
    ['RMQ_SYS_TRACE_TOPIC', 'RMQ_SYS_TRACE_TOPIC'],
    ['CID_RMQ_SYS_TRANS', 'CID_RMQ_SYS_TRANS'],
  ])('makes %s %s for brokers, and back', (own, wire) => {
    expect(names.wrap(own)).toBe(wire);
    expect(names.unwrap(wire)).toBe(own);
  });

  it('wraps once, and takes away nothing but itself', () => {
    expect(names.wrap('eu%orders')).toBe('eu%orders');
    expect(names.unwrap('us%orders')).toBe('us%orders');
    expect(new Namespace(undefined).wrap('orders')).toBe('orders');
  });

  it.each(['', 'a%b', 'ü', 'x'.repeat(61)])('has RocketMQ letters, no percent sign: %j', (name) => {
    expect(() => new Namespace(name)).toThrow(InvalidOption);
  });
});
