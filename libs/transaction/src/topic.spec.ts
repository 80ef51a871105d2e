import { describe, expect, it } from '@jest/globals';
import { MessageInvalid } from './errors.js';
import { topic, topicOf } from './topic.js';

describe('a typed topic', () => {
  const Placed = topic<{ id: number; shop: string }>('placed', {
    key: (order) => String(order.id),
    orderingKey: (order) => order.shop,
  });

  it('makes a message with the keys its body has, and those said for it alone', () => {
    expect(Placed.message({ id: 7, shop: 'a' }, { keys: ['extra'], tag: 'web', delay: '1m30s' })).toEqual({
      topic: 'placed',
      body: '{"id":7,"shop":"a"}',
      tag: 'web',
      keys: ['7', 'extra'],
      orderingKey: 'a',
      delayMs: 90_000,
      deliverAt: undefined,
    });
    expect(Placed.message({ id: 7, shop: 'a' }, { orderingKey: 'b' }).orderingKey).toBe('b');
    const at = new Date(5);
    expect(Placed.message({ id: 7, shop: 'a' }, { deliverAt: at }).deliverAt).toBe(5);
  });

  it('reads what it has written, in each format', () => {
    const [json, text] = [topic<unknown>('j'), topic<string>('t', { format: 'text' })];
    const bytes = topic<Buffer>('b', { format: 'bytes' });
    expect(json.decode(Buffer.from(json.message({ a: [1, null] }).body))).toEqual({ a: [1, null] });
    expect(text.decode(Buffer.from(text.message('grün').body))).toBe('grün');
    expect(bytes.decode(Buffer.from(bytes.message(Buffer.of(0, 255)).body))).toEqual(Buffer.of(0, 255));
    expect(topicOf<number>('bare').message(1).body).toBe('1');
  });

  it('says what is wrong with a body that does not fit', () => {
    expect(() => topic<unknown>('j').message(undefined)).toThrow('a body of j must be json; got undefined');
    expect(() => topic<unknown>('t', { format: 'text' }).message(1)).toThrow(MessageInvalid);
    expect(() => topic<unknown>('j').message({ id: 7n })).toThrow(MessageInvalid);
    expect(() => topic<unknown>('j').message({ id: 7n })).toThrow('a body of j cannot be written as JSON');
    expect(() => topic('j').decode(Buffer.from('plain'))).toThrow("topic('j', { format: 'text' })");
  });
});
