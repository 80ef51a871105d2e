import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boolean, headerCodec, int, long, optional, string } from './fields.js';
import * as requests from './requests/index.js';
import { StatusError } from './status.js';

const codec = headerCodec(
  'EXAMPLE',
  { topic: string, queueId: int, offset: long, batch: optional(boolean), unit: optional(int) },
  { topic: 'b' },
);

describe('a header of a table of fields', () => {
  it('comes out as it went in', () => {
    const headers = fc.record({
      topic: fc.string(),
      queueId: fc.integer(),
      offset: fc.maxSafeInteger(),
      batch: fc.option(fc.boolean(), { nil: undefined }),
      unit: fc.option(fc.integer(), { nil: undefined }),
    });
    fc.assert(
      fc.property(headers, (header) => {
        expect(codec.decode(codec.encode(header))).toEqual(header);
      }),
    );
  });

  it('travels under its wire names', () => {
    expect(codec.encode({ topic: 'T', queueId: -1, offset: 2 })).toEqual({
      b: 'T',
      queueId: '-1',
      offset: '2',
    });
  });

  it.each([
    [{ queueId: '1', offset: '1' }, 'EXAMPLE: field topic (b) expected text, got nothing'],
    [{ b: 'T', queueId: 'x', offset: '1' }, 'EXAMPLE: field queueId expected a 32-bit integer, got "x"'],
    [{ b: 'T', queueId: '2147483648', offset: '1' }, 'queueId expected a 32-bit integer, got "2147483648"'],
    [{ b: 'T', queueId: '1', offset: '-' }, 'offset expected a 64-bit integer, got "-"'],
    [{ b: 'T', queueId: '1', offset: ' 1' }, 'offset expected a 64-bit integer, got " 1"'],
    [{ b: 'T', queueId: '1', offset: '9223372036854777000' }, 'offset expected a 64-bit integer'],
    [{ b: 'T', queueId: '', offset: '1' }, 'queueId expected a 32-bit integer, got ""'],
    [{ b: 'T', queueId: '1', offset: '1.0' }, 'offset expected a 64-bit integer, got "1.0"'],
    [{ b: 'T', queueId: '1', offset: '0x10' }, 'offset expected a 64-bit integer, got "0x10"'],
    [
      { b: 'T', queueId: '1', offset: '9'.repeat(100) },
      `offset expected a 64-bit integer, got "${'9'.repeat(64)}..."`,
    ],
  ])('names the field that is wrong: %p', (ext, message) => {
    const decode = (): unknown => codec.decode(ext);
    expect(decode).toThrow(StatusError);
    expect(decode).toThrow(message);
  });

  it('takes signs and the limits of int64, by the nearest double', () => {
    const read = (offset: string): unknown => codec.decode({ b: 'T', queueId: '+1', offset }).offset;
    expect(['-0', '+7', '9223372036854775807', '-9223372036854775808'].map(read)).toEqual([
      0,
      7,
      2 ** 63,
      -(2 ** 63),
    ]);
  });

  it("reads booleans as Java does: anything but 'true' is false", () => {
    const read = (batch: string): unknown => codec.decode({ b: 'T', queueId: '1', offset: '1', batch }).batch;
    expect([read('true'), read('TRUE'), read('false'), read('yes')]).toEqual([true, true, false, false]);
  });
});

describe('the requests of the wire', () => {
  const specs = Object.values(requests).filter(
    (value): value is typeof requests.heartBeat => 'code' in value && 'lane' in value,
  );

  it('each have a code of their own', () => {
    expect(specs.length).toBeGreaterThan(45);
    expect(new Set(specs.map(({ code }) => code)).size).toBe(specs.length);
  });
});
