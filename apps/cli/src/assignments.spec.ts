import { describe, expect, it } from '@jest/globals';
import { collectAssignment } from './assignments.js';

describe('options of the form name=value', () => {
  it('are collected, the last of one name wins, a value may hold anything', () => {
    const both = collectAssignment('b=x=y', collectAssignment('a=1'));
    expect(collectAssignment('a=2', both)).toEqual({ a: '2', b: 'x=y' });
    expect(collectAssignment('empty=')).toEqual({ empty: '' });
  });

  it('are refused without a name or without =', () => {
    expect(() => collectAssignment('listenPort')).toThrow('expected name=value');
    expect(() => collectAssignment('=7')).toThrow('expected name=value');
  });
});
