import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { EndReader } from './end-reader.js';
import type { PlainReader } from './plain-reader.js';
import { endTransaction } from './requests/end-transaction.js';
import { sendMessageV2 } from './requests/send-message-v2.js';
import { SendReader } from './send-reader.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

type Fields = Readonly<Record<string, string | undefined>>;

const KEY = 'UNIQ_KEY\u00017F0001\u0002';
const digits = fc.oneof(fc.nat({ max: 9 }), fc.nat({ max: 12_000 }), fc.maxSafeNat()).map(String);
const odd = fc.constantFrom('', 'x', '1.5', '9"', '\u00e9', '007');
const mostly = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: usual, weight: 30 }, { arbitrary: odd, weight: 1 });

/** Few kinds of headers, each again and again with other values where clients have others. */
const sends = fc.record({
  a: fc.constantFrom('group', 'g2'),
  b: mostly(fc.constantFrom('Topic', 'Other', 'One more', '%RETRY%g2')),
  c: fc.constant('TBW102'),
  d: fc.constantFrom('4', '8'),
  e: mostly(fc.nat({ max: 12 }).map(String)),
  f: fc.constantFrom('0', '1'),
  g: mostly(digits),
  h: fc.constant('0'),
  i: mostly(fc.constantFrom(KEY, `${KEY}TAGS\u0001a\u0002`, `TAGS\u0001b\u0002${KEY}`, 'TAGS\u0001c\u0002')),
  k: fc.constantFrom('false', undefined),
  z: fc.constantFrom(undefined, 'unknown', 'unheard'),
});
const ends = fc.record({
  producerGroup: fc.constantFrom('group', 'g2'),
  tranStateTableOffset: mostly(digits),
  commitLogOffset: mostly(digits),
  commitOrRollback: fc.constantFrom('8', '12', '0'),
  msgId: mostly(fc.constantFrom('7F01', '7F0002', '')),
  transactionId: fc.option(mostly(fc.constantFrom('7F01', '7F0002')), { nil: undefined }),
});

function rowOf(
  fields: fc.Arbitrary<Fields>,
): fc.Arbitrary<{ fields: Fields; opaque: number; flag: number }[]> {
  const flag = fc.constantFrom(0, 0, 0, 2);
  return fc.array(fc.record({ fields, opaque: fc.nat(), flag }), { minLength: 5, maxLength: 40 });
}

/** What a reader makes of a frame. */
function heard(reader: SendReader | EndReader, code: number, fields: Fields, rest: string): unknown {
  const header = Buffer.from(`{"code":${code},"extFields":${JSON.stringify(fields)},${rest}}`);
  const source = Buffer.alloc(8 + header.length + 4);
  source.writeInt32BE(header.length, 4);
  header.copy(source, 8);
  if (!(reader as PlainReader<unknown>).read({ source, from: 4, to: source.length })) return undefined;
  const { opaque, version, oneWay, languageName } = 'send' in reader ? reader.send : reader.verdict;
  const about = { opaque, version, oneWay, languageName };
  if ('verdict' in reader) return { ...about, ...reader.verdict.kept() };
  const { tagsCode, uniqueKeyAt, uniqueKeyEnd } = reader.send.propertyBytes;
  const values = sendMessageV2.columns.map(({ key }): unknown => (reader.send as never)[key]);
  return { ...about, values, tagsCode, uniqueKeyAt, uniqueKeyEnd };
}

describe.each([
  ['sends', sends as fc.Arbitrary<Fields>, sendMessageV2.code, () => new SendReader()],
  ['verdicts', ends as fc.Arbitrary<Fields>, endTransaction.code, () => new EndReader()],
] as const)('the express lane of %s', (_, fields, code, create) => {
  test('reads a header the same whatever it has read before', () => {
    let plain = 0;
    const reader = create();
    fc.assert(
      fc.property(rowOf(fields), (row) => {
        for (const { fields: given, opaque, flag } of row) {
          const rest = `"flag":${flag},"language":"JAVA","opaque":${opaque},"version":479`;
          const expected = heard(create(), code, given, rest);
          expect(heard(reader, code, given, rest)).toEqual(expected);
          if (expected) plain++;
        }
      }),
      { numRuns: 60 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});
