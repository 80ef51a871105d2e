import { describe, expect, it } from '@jest/globals';
import { failureText } from './failure-text.js';

describe('what a failed command says', () => {
  it("is the error's message in one line, without a stack", () => {
    expect(failureText(new Error('port 9876 is taken\n   by another'), {})).toBe(
      'port 9876 is taken by another',
    );
    expect(failureText('plain text', {})).toBe('plain text');
  });

  it('is the first reason where several addresses were tried', () => {
    const error = new AggregateError([new Error('connect ECONNREFUSED ::1:9876'), new Error('other')]);
    expect(failureText(error, {})).toBe('connect ECONNREFUSED ::1:9876');
  });

  it('admits a bug, and says how to see where', () => {
    expect(failureText(new TypeError('x is undefined'), {})).toContain('bug of HalfMQ; HALFMQ_STACK=1');
  });

  it('has the stack when asked for it', () => {
    expect(failureText(new Error('why'), { HALFMQ_STACK: '1' })).toMatch(/why\n\s+at /);
  });
});
