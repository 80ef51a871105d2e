import { describe, expect, it } from '@jest/globals';
import { editDistance, nearest } from './nearest.js';

describe('the nearest name', () => {
  it('counts insertions, deletions, replacements and swaps', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('same', 'same')).toBe(0);
  });

  it('is found through a slip of the finger and through wrong capitals', () => {
    expect(nearest('brokreName', ['brokerName', 'brokerId'])).toBe('brokerName');
    expect(nearest('LISTENPORT', ['listenPort'])).toBe('listenPort');
  });

  it('is nobody when all are far', () => {
    expect(nearest('colour', ['listenPort', 'brokerName'])).toBeUndefined();
  });
});
