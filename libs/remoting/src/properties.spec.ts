import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatProperties,
  parseProperties,
  propertyOf,
  withoutProperty,
  withProperty,
} from './properties.js';

const words = fc.string({ minLength: 1 }).filter((word) => !/[\u0001\u0002]/.test(word));

describe('properties', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(words, words), { selector: ([key]) => key }), (entries) => {
        const raw = formatProperties(entries);
        expect([...parseProperties(raw)]).toEqual(entries);
        for (const [key, value] of entries) expect(propertyOf(raw, key)).toBe(value);
      }),
    );
  });

  it('are read and cut out one by one as they are read all at once, whatever the string', () => {
    const pieces = fc.array(fc.constantFrom('a', 'b', 'ab', '\u0001', '\u0002', '\u0001a\u0002'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(pieces, fc.constantFrom('a', 'b', 'ab'), (parts, key) => {
        const raw = parts.join('');
        const all = parseProperties(raw);
        expect(propertyOf(raw, key)).toBe(all.get(key));
        all.delete(key);
        expect([...parseProperties(withoutProperty(raw, key))]).toEqual([...all]);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', undefined, {}],
    ['no end after the last', 'a\u0001b', { a: 'b' }],
    ['the last of a key', 'a\u0001b\u0002a\u0001c\u0002', { a: 'c' }],
    ['no empty key', '\u0001b\u0002c\u0001d\u0002', { c: 'd' }],
    ['no empty value', 'a\u0001\u0002c\u0001d\u0002', { c: 'd' }],
    ['no entry without a key', 'abc\u0002c\u0001d\u0002', { c: 'd' }],
  ])('take %s', (_, raw, expected) => {
    expect(Object.fromEntries(parseProperties(raw))).toEqual(expected);
  });

  it('are set and removed one at a time', () => {
    const raw = withProperty('a\u00011\u0002b\u00012\u0002', 'a', '3');
    expect(raw).toBe('b\u00012\u0002a\u00013\u0002');
    expect(withProperty(raw, 'b', undefined)).toBe('a\u00013\u0002');
  });
});
