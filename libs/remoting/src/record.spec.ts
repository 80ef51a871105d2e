import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { SysFlag } from './codes.js';
import { encodeRecord } from './encode-record.js';
import { parseHost, type Host } from './host.js';
import {
  bodyCrc,
  decodeRecord,
  decodeRecords,
  RECORD_MAGIC_V1,
  RECORD_MAGIC_V2,
  RecordError,
  RecordField,
  recordLength,
  type NewRecord,
} from './record.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const HOST: Host = parseHost('10.0.0.1:10911');
const BASE: NewRecord = {
  queueId: 3,
  flag: 0,
  queueOffset: 0,
  physicalOffset: 4096,
  sysFlag: 0,
  bornTimestamp: 1,
  bornHost: HOST,
  storeTimestamp: 2,
  storeHost: HOST,
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.from('hello'),
  topic: 'TopicTest',
  properties: '',
};

function encoded(record: NewRecord): Buffer {
  const target = Buffer.alloc(recordLength(record));
  expect(encodeRecord(record, target, 0)).toBe(target.length);
  return target;
}

const hosts = fc.record({
  address: fc
    .constantFrom(4, 16)
    .chain((length) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes)),
    ),
  port: fc.integer({ min: 0, max: 65535 }),
});
const longs = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const ints = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: 'grapheme', maxLength });
const records: fc.Arbitrary<NewRecord> = fc.record({
  queueId: ints,
  flag: ints,
  queueOffset: longs,
  physicalOffset: longs,
  sysFlag: fc.integer({ min: 0, max: 0x7ff }),
  bornTimestamp: longs,
  bornHost: hosts,
  storeTimestamp: longs,
  storeHost: hosts,
  reconsumeTimes: ints,
  preparedTransactionOffset: longs,
  body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  topic: fc.oneof(text(20), fc.string({ minLength: 120, maxLength: 255 })),
  properties: text(50),
});

describe('a stored record', () => {
  it('has the sizes and checksums of the test vectors', () => {
    const properties = `TAGS\u0001TagA\u0002UNIQ_KEY\u0001${'0'.repeat(32)}\u0002`;
    expect(recordLength({ ...BASE, properties })).toBe(157);
    expect(encoded({ ...BASE, properties }).readInt32BE(0)).toBe(157);
    expect(bodyCrc(Buffer.from('hello'))).toBe(0x3610a686);
    expect(bodyCrc(Buffer.alloc(0))).toBe(0);
  });

  it('comes out as it went in, with the host bits its hosts ask for', () => {
    fc.assert(
      fc.property(records, (record) => {
        const hostBits =
          (record.bornHost.address.length === 16 ? SysFlag.BORN_HOST_V6 : 0) |
          (record.storeHost.address.length === 16 ? SysFlag.STORE_HOST_V6 : 0);
        const bytes = encoded(record);
        expect(decodeRecord(bytes)).toEqual({
          ...record,
          size: bytes.length,
          bodyCrc: bodyCrc(record.body),
          sysFlag: (record.sysFlag & ~0x30) | hostBits,
        });
      }),
    );
  });

  it('is version 1 up to a topic of 127 bytes, version 2 beyond', () => {
    expect(encoded({ ...BASE, topic: 'x'.repeat(127) }).readInt32BE(RecordField.MAGIC)).toBe(RECORD_MAGIC_V1);
    expect(encoded({ ...BASE, topic: 'x'.repeat(128) }).readInt32BE(RecordField.MAGIC)).toBe(RECORD_MAGIC_V2);
  });

  it('keeps the fields that readers look up at their places', () => {
    const bytes = encoded({ ...BASE, queueOffset: 7, flag: 9, sysFlag: 1 });
    expect(bytes.readInt32BE(RecordField.FLAG)).toBe(9);
    expect(bytes.readBigInt64BE(RecordField.QUEUE_OFFSET)).toBe(7n);
    expect(bytes.readBigInt64BE(RecordField.PHYSICAL_OFFSET)).toBe(4096n);
    expect(bytes.readInt32BE(RecordField.SYS_FLAG)).toBe(1);
    expect(bytes.readBigInt64BE(RecordField.BORN_TIMESTAMP)).toBe(1n);
    expect(bytes.readBigInt64BE(RecordField.STORE_TIMESTAMP)).toBe(2n);
  });

  it('lies in a row with others', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 4 }), (row) => {
        const read = decodeRecords(Buffer.concat(row.map(encoded)));
        expect(read.map((record) => [record.topic, record.body])).toEqual(
          row.map((record) => [record.topic, record.body]),
        );
      }),
    );
  });

  it('is refused when it is cut, or any byte of its lengths is wrong', () => {
    const bytes = encoded(BASE);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeRecord(bytes.subarray(0, length))).toThrow(RecordError);
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(0x7ff), (at, byte, sysFlag) => {
        const damaged = Buffer.from(bytes);
        damaged.writeInt32BE(sysFlag, RecordField.SYS_FLAG);
        damaged[at] = byte;
        try {
          decodeRecord(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }),
    );
  });

  it('takes properties of 32,767 bytes and no more', () => {
    const most = { ...BASE, properties: 'x'.repeat(32767) };
    expect(decodeRecord(encoded(most)).properties).toHaveLength(32767);
    const target = Buffer.alloc(40_000);
    expect(() => encodeRecord({ ...BASE, properties: 'x'.repeat(32768) }, target, 0)).toThrow(RangeError);
  });
});
