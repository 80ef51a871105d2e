import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeptTexts } from './kept-texts.js';

const MANY = 1024;

/** The text as it lies in a header, and what is kept for it. */
function heard(texts: KeptTexts, text: string): string {
  const source = Buffer.from(`"${text}"`, 'latin1');
  return texts.of(source, 1, source.length - 1);
}

describe('texts that came before', () => {
  test('are what their bytes say, however many there are and whatever came before', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 80 }),
      fc.constantFrom('a', 'b', 'Topic'),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 200 }), fc.constantFrom(undefined, MANY), (row, most) => {
        const texts = new KeptTexts(most);
        for (const each of row) expect(heard(texts, each)).toBe(each);
      }),
    );
  });

  test('are nearly all found again, where a broker has many topics', () => {
    const topics = Array.from({ length: MANY / 8 }, (_, nth) => `T${String(nth).padStart(12, '0')}`);
    const texts = new KeptTexts(MANY);
    for (let round = 0; round < 20; round++) for (const topic of topics) heard(texts, topic);
    const slots = new Set((texts as unknown as { slots: string[] }).slots);
    expect(topics.filter((topic) => slots.has(topic)).length).toBeGreaterThan(topics.length * 0.95);
  });
});
