import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeRecord, formatProperties, recordLength } from '@halfmq/remoting/record';
import { hashKeys, keyHash } from './key-hash.js';

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((value) => !/[\u0000-\u0020]/.test(value));
const host = fc.constantFrom(4, 16).map((length) => ({ address: Buffer.alloc(length, 7), port: 10911 }));
const others = fc.uniqueArray(fc.tuple(text, text), { maxLength: 4, selector: ([name]) => name });

const EMPTY = {
  queueId: 0,
  flag: 0,
  queueOffset: 0,
  physicalOffset: 0,
  sysFlag: 0,
  bornTimestamp: 0,
  storeTimestamp: 0,
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  // nothing of a body is taken for a property
  body: Buffer.from('UNIQ_KEY\u0001x\u0002'),
};

describe('the keys of a record', () => {
  it('are read from its bytes, whatever else is in it and wherever it lies', () => {
    fc.assert(
      fc.property(
        fc.record({
          topic: fc.oneof(
            text,
            text.map((name) => name.padEnd(150, '-')),
            fc.tuple(text, text).map(([topic, lite]) => `%LMQ%$${topic}$${lite}`),
          ),
          bornHost: host,
          storeHost: host,
        }),
        fc.option(text),
        fc.array(text, { maxLength: 4 }),
        fc.tuple(others, others, others),
        fc.nat(9),
        ({ topic, bornHost, storeHost }, uniqueKey, keys, [first, second, third], at) => {
          const properties = formatProperties([
            ...first,
            ['UNIQ_KEY', uniqueKey ?? ''],
            ...second,
            ['KEYS', keys.join('  ')],
            ...third.filter(([name]) => name !== 'KEYS' && name !== 'UNIQ_KEY'),
          ]);
          const record = { ...EMPTY, topic, bornHost, storeHost, properties };
          const size = recordLength(record);
          const bytes = Buffer.alloc(at + size + 8, 0xff);
          encodeRecord(record, bytes, at);
          const found: number[] = [];
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          hashKeys(view, at, size, 0, { add: (hash) => void found.push(hash) });
          expect(found).toEqual(
            [...(uniqueKey === null ? [] : [uniqueKey]), ...keys].map((key) => keyHash(topic, key)),
          );
        },
      ),
    );
  });

  it('spread evenly over the buckets, also when they differ in their last characters alone', () => {
    const perBucket = new Uint32Array(64);
    for (let each = 0; each < 6400; each++) {
      const bucket = keyHash('orders', `7F000001000A18B4AAC2${String(each).padStart(12, '0')}`) >>> 26;
      perBucket[bucket] = (perBucket[bucket] ?? 0) + 1;
    }
    expect(Math.max(...perBucket)).toBeLessThan(160);
    expect(Math.min(...perBucket)).toBeGreaterThan(50);
  });
});
