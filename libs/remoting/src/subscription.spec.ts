import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { propertyOf } from './properties.js';
import {
  tagsCodeIn,
  javaHashCode,
  matchesTag,
  matchesTagsCode,
  parseTagExpression,
  tagsCode,
} from './subscription.js';

describe('a tag', () => {
  it("has Java's hash", () => {
    expect(javaHashCode('TagA')).toBe(2598919);
    expect(javaHashCode('')).toBe(0);
    expect(javaHashCode('polygenelubricants')).toBe(-(2 ** 31));
    expect(javaHashCode('\u{1F600}')).toBe(1772899);
    expect(tagsCode(undefined)).toBe(0);
  });
});

describe('the tag of stored properties', () => {
  it('has the same code when it is read from bytes', () => {
    const texts = fc.constantFrom('TAGS', 'TAG', 'KEYS', '\u0001', '\u0002', 'A', 'é', '\u{1F600}', '');
    fc.assert(
      fc.property(fc.array(fc.oneof(texts, fc.constant('TAGS\u0001'), fc.constant('\u0002'))), (parts) => {
        const raw = parts.join('');
        const bytes = Buffer.from(`TAGS${raw}TAGS`);
        expect(tagsCodeIn(bytes, 4, bytes.length - 4)).toBe(tagsCode(propertyOf(raw, 'TAGS')));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a tag expression', () => {
  it.each([undefined, null, '', '*', ' * '])('%p is everything', (expression) => {
    const parsed = parseTagExpression(expression);
    expect(parsed.all).toBe(true);
    expect(matchesTagsCode(parsed, 5) && matchesTag(parsed, undefined)).toBe(true);
  });

  it('is tags between ||, trimmed', () => {
    const parsed = parseTagExpression(' TagA || TagB||  ');
    expect([...parsed.tags]).toEqual(['TagA', 'TagB']);
    expect([...parsed.codes]).toEqual([2598919, 2598920]);
    expect(matchesTag(parsed, 'TagB')).toBe(true);
    expect(matchesTag(parsed, undefined)).toBe(false);
  });

  it("lets a tag of the same hash pass the broker, not the client's second look", () => {
    const parsed = parseTagExpression('Aa');
    expect(matchesTagsCode(parsed, javaHashCode('BB'))).toBe(true);
    expect(matchesTag(parsed, 'BB')).toBe(false);
  });
});
