import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatHost, parseHost } from './host.js';
import { ManualClock } from './manual-clock.js';
import { createUniqueKey, decodeOffsetMessageId, encodeOffsetMessageId } from './message-id.js';

describe('an offset message id', () => {
  it('is the test vector', () => {
    const id = encodeOffsetMessageId(parseHost('10.0.0.1:10911'), 4096);
    expect(id).toBe('0A00000100002A9F0000000000001000');
  });

  it('gives back host and offset, IPv4 and IPv6', () => {
    const hosts = fc.constantFrom(
      '127.0.0.1:1',
      '255.255.255.255:65535',
      '[::1]:10911',
      '[2001:db8::ff00:42:8329]:80',
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (text, offset) => {
        const id = encodeOffsetMessageId(parseHost(text), offset);
        const read = decodeOffsetMessageId(id.toLowerCase());
        expect(id).toHaveLength(text.startsWith('[') ? 56 : 32);
        expect(read && formatHost(read.storeHost)).toBe(text);
        expect(read?.physicalOffset).toBe(offset);
      }),
    );
  });

  it.each(['', 'x'.repeat(32), '0'.repeat(31), 'F'.repeat(32)])('is not %p', (text) => {
    expect(decodeOffsetMessageId(text)).toBeUndefined();
  });
});

describe('a unique key', () => {
  it('is 32 (or 56) upper-case hex characters and never the same, even when the clock stands still', () => {
    const clock = new ManualClock();
    const keys = Array.from({ length: 70_000 }, () => createUniqueKey(clock));
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys.slice(0, 10)) expect(key).toMatch(/^([0-9A-F]{32}|[0-9A-F]{56})$/);
  });

  it('holds the milliseconds since the month began, in local time', () => {
    const at = (day: number): string =>
      createUniqueKey(new ManualClock(new Date(2024, 4, day, 0, 0, 0, 5).getTime()));
    const time = (key: string): number => parseInt(key.slice(-12, -4), 16);
    expect(time(at(1))).toBe(5);
    expect(time(at(3))).toBe(2 * 86_400_000 + 5);
  });
});
