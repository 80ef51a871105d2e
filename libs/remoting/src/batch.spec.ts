import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBatch, encodeBatch } from './batch.js';
import { StatusError } from './status.js';

const messages = fc.record({
  flag: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  body: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  properties: fc.string({ unit: 'grapheme', maxLength: 30 }),
});

describe('a batch', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.array(messages), (batch) => {
        expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
      }),
    );
  });

  it('is the bytes a Java producer writes', () => {
    const bytes = encodeBatch([{ flag: 1, body: Buffer.from('hi'), properties: 'a\u0001b\u0002' }]);
    expect(bytes.toString('hex')).toBe(
      ['0000001c', '00000000', '00000000', '00000001', '00000002', '6869', '0004', '61016202'].join(''),
    );
  });

  it('is refused when it is cut or a length is wrong, and nothing else happens', () => {
    const bytes = encodeBatch([{ flag: 1, body: Buffer.from('body'), properties: 'a\u0001b\u0002' }]);
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeBatch(bytes.subarray(0, length))).toThrow(/message 0 is not whole/);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (any) => {
        try {
          decodeBatch(Buffer.from(any));
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
    );
  });

  it('refuses properties that no length field can hold', () => {
    const message = { flag: 0, body: Buffer.alloc(0), properties: 'x'.repeat(32768) };
    expect(() => encodeBatch([message])).toThrow('32768 bytes, at most 32767');
  });
});
