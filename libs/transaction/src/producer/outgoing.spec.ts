import { describe, expect, it } from '@jest/globals';
import { inflateBody, ManualClock, parseProperties, SysFlag } from '@halfmq/remoting';
import { MessageInvalid } from '../errors.js';
import type { OutgoingMessage } from '../message.js';
import { toWire } from './outgoing.js';

const clock = new ManualClock();
const wire = (more: Partial<OutgoingMessage> = {}) => toWire({ topic: 't', body: 'x', ...more }, clock);

describe('a message on its way out', () => {
  it('carries its fields as properties, under RocketMQ names, and an id of its own', () => {
    const sent = wire({ tag: 'a', keys: ['k1', 'k2'], properties: { x: 'y' }, orderingKey: 'o', delayMs: 5 });
    expect(Object.fromEntries(parseProperties(sent.properties))).toEqual({
      x: 'y',
      TAGS: 'a',
      KEYS: 'k1 k2',
      __SHARDINGKEY: 'o',
      TIMER_DELAY_MS: '5',
      UNIQ_KEY: sent.uniqueKey,
    });
    expect(wire().uniqueKey).not.toBe(sent.uniqueKey);
    expect(parseProperties(wire({ deliverAt: 1e12 }).properties).get('TIMER_DELIVER_MS')).toBe(
      '1000000000000',
    );
    expect(parseProperties(wire({ delayLevel: 3 }).properties).get('DELAY')).toBe('3');
  });

  it('is compressed from 4 KiB on, when that makes it smaller', () => {
    const text = 'abc'.repeat(2_000);
    const large = wire({ body: text });
    expect(large.sysFlag).toBe(SysFlag.COMPRESSED);
    expect(large.body.length).toBeLessThan(200);
    expect(inflateBody(large).toString()).toBe(text);
    expect(wire({ body: 'abc'.repeat(1_000) }).sysFlag).toBe(0);
    const noise = Buffer.from(Array.from({ length: 5_000 }, () => Math.floor(Math.random() * 256)));
    expect(wire({ body: noise })).toMatchObject({ sysFlag: 0, body: noise });
  });

  it.each<[string, Partial<OutgoingMessage>]>([
    ['no topic', { topic: '' }],
    ['a body that is missing', { body: undefined }],
    ['a body that is neither text nor bytes', { body: 7 as never }],
    ['an illegal topic', { topic: 'a b' }],
    ['a long topic', { topic: 'x'.repeat(128) }],
    ['no body', { body: '' }],
    ['a body above 4 MiB', { body: Buffer.alloc(4 * 1024 * 1024 + 1) }],
    ['a key with a blank', { keys: ['a b'] }],
    ['an empty property', { properties: { x: '' } }],
    ['a property with a separator', { properties: { x: 'a\u0001b' } }],
    ['a reserved property', { properties: { UNIQ_KEY: 'mine' } }],
    ['properties that are too long', { properties: { x: 'y'.repeat(32_767) } }],
    ['two delays', { delayMs: 5, delayLevel: 1 }],
    ['a negative delay', { delayMs: -5 }],
    ['a broken delay', { deliverAt: 1.5 }],
  ])('is refused with %s', (_, more) => expect(() => wire(more)).toThrow(MessageInvalid));
});
