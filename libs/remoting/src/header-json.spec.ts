import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { decodeJsonHeader, encodeJsonHeader, parseHeader } from './header-json.js';
import { MalformedFrame, type Header, type JsonHeader } from './header.js';
import { scanHeader as scanBytes } from './header-scan.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const KNOWN = ['code', 'language', 'version', 'opaque', 'flag', 'remark', 'extFields'] as const;

/** What lies around a header must not be looked at. */
const scanHeader = (text: string): JsonHeader | undefined => {
  const bytes = Buffer.from(`"${text}"}`);
  return scanBytes(bytes, 1, bytes.length - 2);
};
const decodeText = (text: string): Header => decodeJsonHeader(Buffer.from(text), 0, Buffer.byteLength(text));

/** What JSON.parse says of a text, or that it refuses it. */
function parsed(text: string): JsonHeader | 'refused' {
  try {
    const header = parseHeader(text);
    return Object.fromEntries(KNOWN.map((key) => [key, header[key]]));
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedFrame);
    return 'refused';
  }
}

const scalars = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
);
const values = fc.oneof(
  { weight: 8, arbitrary: scalars },
  fc.array(scalars, { maxLength: 2 }),
  fc.object({ maxDepth: 1 }),
);
const keys = fc.oneof(
  fc.constantFrom(...KNOWN, '__proto__', 'serializeTypeCurrentRPC'),
  fc.string({ unit: 'binary' }),
);
const blanks = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r');

/** Objects as text, with blanks anywhere and keys that repeat. */
function objects(member: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(fc.tuple(keys, member, blanks, blanks), { maxLength: 8 }), blanks)
    .map(([members, end]) => {
      const texts = members.map(([key, value, a, b]) => `${a}${JSON.stringify(key)}${b}:${a}${value}${b}`);
      return `{${texts.join(',')}${end}}`;
    });
}

const extFields = objects(scalars.map((value) => JSON.stringify(value)));
const headers = objects(
  fc.oneof(
    values.map((value) => JSON.stringify(value)),
    extFields,
  ),
).map((text) => text.replace(/"remark"(\s*):(\s*)\{/g, '"extFields"$1:$2{'));

describe('the header scanner', () => {
  it('says what JSON.parse says, or leaves the text to it', () => {
    let scanned = 0;
    fc.assert(
      fc.property(headers, (text) => {
        const scan = scanHeader(text);
        if (scan === undefined) return;
        scanned++;
        expect(scan).toEqual(parsed(text));
      }),
      { numRuns: 1_000 },
    );
    expect(scanned).toBeGreaterThan(100);
  });

  it('reads no text that JSON.parse refuses, whatever was done to it', () => {
    const damage = fc.tuple(
      headers,
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '{', '}', 'x', '0', '-', '\u0001'),
    );
    fc.assert(
      fc.property(damage, ([text, at, put]) => {
        const place = at % text.length;
        // bytes hold no lone surrogate
        const damaged = Buffer.from(text.slice(0, place) + put + text.slice(place + 1)).toString();
        const scan = scanHeader(damaged);
        if (scan !== undefined) expect(scan).toEqual(parsed(damaged));
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads by itself what clients send', () => {
    const java =
      '{"code":310,"extFields":{"a":"group","b":"T","i":"TAGS\\u0001A\\u0002","m":"false"},"flag":0,' +
      '"language":"JAVA","opaque":12,"serializeTypeCurrentRPC":"JSON","version":479}';
    const go =
      '{"code":10,"language":"GO","version":317,"opaque":3,"flag":0,"remark":"","extFields":{"queueId":2}}';
    expect(scanHeader(java)?.extFields).toEqual({ a: 'group', b: 'T', i: 'TAGS\u0001A\u0002', m: 'false' });
    expect(scanHeader(go)).toMatchObject({ code: 10, language: 'GO', extFields: { queueId: '2' } });
  });

  it('keeps the digits of numbers beyond 2^53 in extFields', () => {
    const text = '{"code":1,"extFields":{"offset":9223372036854775807}}';
    expect(decodeText(text).extFields).toEqual({ offset: '9223372036854775807' });
  });
});

describe('a JSON header', () => {
  it('takes absent and null keys as 0 or nothing', () => {
    expect(decodeText('{"code":null,"remark":null,"extFields":null}')).toEqual({
      code: 0,
      language: 7,
      version: 0,
      opaque: 0,
      flag: 0,
      remark: undefined,
      extFields: undefined,
    });
  });

  it('makes text of values that are none, as some clients write them', () => {
    const text = '{"code":1,"remark":{"a":1},"extFields":{"n":1.5,"t":true,"o":{"x":[1]},"z":null}}';
    expect(decodeText(text)).toMatchObject({
      remark: '{"a":1}',
      extFields: { n: '1.5', t: 'true', o: '{"x":[1]}' },
    });
  });

  it('leaves out fields that are undefined, and extFields without any', () => {
    const header = { code: 0, opaque: 1, flag: 1, extFields: { a: undefined } };
    expect(encodeJsonHeader(header)).toBe(
      '{"code":0,"flag":1,"language":"OTHER","opaque":1,"serializeTypeCurrentRPC":"JSON","version":479}',
    );
  });

  it('is JSON whatever the texts hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string({ unit: 'binary' }), fc.string()),
        (remark, ext) => {
          const read = JSON.parse(
            encodeJsonHeader({ code: 1, opaque: 1, flag: 1, remark, extFields: ext }),
          ) as JsonHeader;
          expect(read.remark ?? '').toBe(remark);
          expect(Object.entries(read.extFields ?? {})).toEqual(Object.entries(ext));
        },
      ),
    );
  });
});
