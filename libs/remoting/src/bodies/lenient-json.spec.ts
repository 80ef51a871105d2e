import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatJson } from './json-text.js';
import { parseLenientJson } from './lenient-json.js';

describe('the lenient reader', () => {
  it('reads JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseLenientJson(text)).toEqual(JSON.parse(text));
        // a trailing comma keeps JSON.parse from answering first
        expect(parseLenientJson(`[${text},]`)).toEqual([JSON.parse(text)]);
      }),
    );
  });

  it('reads number keys as fastjson writes them', () => {
    expect(parseLenientJson('{"brokerAddrs":{0:"1.2.3.4:10911",1:"b"},"n":{-1:2}}')).toEqual({
      brokerAddrs: { 0: '1.2.3.4:10911', 1: 'b' },
      n: { '-1': 2 },
    });
  });

  it('reads objects in key position as the text of them', () => {
    expect(parseLenientJson('{"t":{{"brokerName":"b","queueId":1,"topic":"T"}:{"offset":5},}}')).toEqual({
      t: { '{"brokerName":"b","queueId":1,"topic":"T"}': { offset: 5 } },
    });
  });

  it('reads bare words as keys', () => {
    expect(parseLenientJson('{ a : 1 , $b_2 : [ ] , }')).toEqual({ a: 1, $b_2: [] });
  });

  it('resolves what fastjson wrote as a reference to an object met before', () => {
    const text =
      '{"list":[{"topic":"T"},{"$ref":"$.list[0]"}],"same":{"$ref":"$.list[1]"},"lost":{"$ref":"$.x.y"}}';
    expect(parseLenientJson(text)).toEqual({
      list: [{ topic: 'T' }, { topic: 'T' }],
      same: null,
      lost: null,
    });
  });

  it.each(['', '{', '[1', '{"a"}', '{"a":}', '{,}', '[1 2]', '{} x', '"open', '{"a":nul}', '01x', '{[1]:2}'])(
    'refuses %p saying where',
    (text) => {
      expect(() => parseLenientJson(text)).toThrow(/JSON: expected .* at \d+, got /);
    },
  );

  it('reads or refuses any text, and does nothing else', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      'a',
      '1',
      '-',
      '.',
      'null',
      ' ',
      '"$ref"',
      '"$.a"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        try {
          parseLenientJson(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses what is nested without end', () => {
    expect(() => parseLenientJson('['.repeat(100_000))).toThrow('JSON nested deeper than 200');
    const deep = `{"a":{"$ref":"$.b"},"b":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    expect(() => parseLenientJson(deep)).toThrow('JSON nested deeper than 200');
  });

  it('gives a key __proto__ no power', () => {
    const read = parseLenientJson('{"__proto__":{"admin":true},}') as { admin?: boolean };
    expect(read.admin).toBeUndefined();
  });
});

describe('the writer', () => {
  it('writes JSON as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(formatJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('writes maps, sets, exact integers and leaves out what is undefined', () => {
    const value = {
      max: 9223372036854775807n,
      map: new Map([['a', 1]]),
      set: new Set([1]),
      none: undefined,
      list: [undefined],
    };
    expect(formatJson(value)).toBe('{"max":9223372036854775807,"map":{"a":1},"set":[1],"list":[null]}');
  });

  it('writes number keys quoted or bare, and objects as keys', () => {
    const map = new Map<unknown, number>([
      [0, 1],
      [{ topic: 'T' }, 2],
    ]);
    expect(formatJson(map)).toBe('{"0":1,{"topic":"T"}:2}');
    expect(formatJson(map, { bareNumbers: true })).toBe('{0:1,{"topic":"T"}:2}');
  });
});
