import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeRecord,
  encodeRecord,
  encodeRecordAgain,
  lengthAgain,
  propertyOf,
  recordLength,
  RecordView,
  tagsCode,
  type MessageRecord,
} from '@halfmq/remoting';
import type { HalfMessage, NewMessage } from '@halfmq/store';
import { halfMessage } from '../produce/half.js';
import { FinalFromBytes } from './half-bytes.js';
import { finalMessage, halfOf } from './half-record.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const HALF: HalfMessage = {
  halfOffset: 12,
  physicalOffset: 0,
  producerGroup: 'g',
  topic: '',
  uniqueKey: '',
  transactionId: undefined,
  storeTimestamp: 1,
  state: 'pending',
  checks: 0,
  byUrl: false,
  nextCheckAt: 2,
};
const PLACE = { queueOffset: 12, physicalOffset: 34_000 };
const entries = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'TAGS\u0001a\u0002',
      'TAGS\u0001\u0002',
      'TAGS\u0001orders of today\u0002',
      'KEYS\u0001k1 k2\u0002',
      'UNIQ_KEY\u0001K7\u0002',
      'PGROUP\u0001g\u0002',
      'xTAGS\u0001b\u0002',
    ),
    weight: 12,
  },
  fc.constantFrom(
    'DELAY\u00013\u0002',
    'TIMER_DELAY_SEC\u00011\u0002',
    'REAL_TOPIC\u0001Other\u0002',
    'TAGS\u0001\u00e9\u0002',
    'name\u0001REAL_QID\u0002',
    '\u0002',
  ),
);
const hosts = fc.constantFrom(
  { address: Buffer.from([127, 0, 0, 1]), port: 10911 },
  { address: Buffer.alloc(16, 7), port: 1 },
);
const halves = fc.record({
  queueId: fc.nat({ max: 1200 }),
  flag: fc.integer(),
  sysFlag: fc.constantFrom(4, 5, 0),
  bornTimestamp: fc.maxSafeNat(),
  reconsumeTimes: fc.nat({ max: 20 }),
  bornHost: hosts,
  storeHost: hosts,
  topic: fc.oneof(fc.constantFrom('Orders', 'a'), fc.constant('t'.repeat(127))),
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  properties: fc.array(entries, { maxLength: 6 }).map((all) => all.join('')),
  key: fc.constantFrom('K7', 'another'),
});
const textOf = (text: string): { length: number; isAt: (other: Uint8Array, from: number) => boolean } => ({
  length: text.length,
  isAt: (other, from) => Buffer.from(other).toString('latin1', from, from + text.length) === text,
});

function encoded(message: NewMessage, place: object, storeHost: MessageRecord['storeHost']): Buffer {
  const record = { ...message, ...PLACE, storeTimestamp: 99, storeHost, ...place };
  const bytes = Buffer.alloc(recordLength(record));
  encodeRecord(record, bytes, 0);
  return bytes;
}

describe('a final message made of the bytes of its half message', () => {
  it('is the one that is made of its texts; what is not plain is left to that', () => {
    const view = new RecordView();
    const final = new FinalFromBytes(view);
    let plain = 0;
    fc.assert(
      fc.property(halves, ({ storeHost, key, ...sent }) => {
        const stored = encoded(
          halfMessage({ ...sent, preparedTransactionOffset: 0 }, key, 'g'),
          {},
          storeHost,
        );
        const source = Buffer.concat([Buffer.from('before'), stored, Buffer.from('behind')]);
        expect(view.read(source, 6, PLACE.physicalOffset, PLACE.queueOffset)).toBe(true);
        if (!final.read(sent.topic, textOf(key), PLACE.physicalOffset)) return;
        plain++;
        const half = halfOf(decodeRecord(stored));
        if (!half) throw new Error('no half message');
        const expected = finalMessage(half, { ...HALF, physicalOffset: PLACE.physicalOffset });
        const place = { queueOffset: 5, physicalOffset: 70_000, storeTimestamp: 123, storeHost };
        const bytes = Buffer.alloc(lengthAgain(view, sent.topic.length, final.propertyLength));
        const { queueId, sysFlag, preparedTransactionOffset, propertyLength } = final;
        const changes = { queueId, sysFlag, preparedTransactionOffset, propertyLength, ...place };
        encodeRecordAgain(view, { ...changes, topicBytes: Buffer.from(sent.topic) }, bytes, 0);
        expect(bytes).toEqual(encoded(expected, place, storeHost));
        for (const name of ['DELAY', 'TIMER_DELAY_SEC'])
          expect(propertyOf(expected.properties, name)).toBeUndefined();
        expect(final.tagsCode).toBe(tagsCode(propertyOf(expected.properties, 'TAGS')));
      }),
      { numRuns: 400 },
    );
    expect(plain).toBeGreaterThan(50);
  });
});
