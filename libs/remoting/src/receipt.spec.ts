import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBatchAcks, encodeBatchAcks, type BatchAck } from './bodies/batch-ack.js';
import { formatRecallHandle, parseRecallHandle } from './recall-handle.js';
import { formatReceipt, parseReceipt, type Receipt } from './receipt.js';
import { StatusError } from './status.js';

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const small = fc.nat(1_000);
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const time = fc.integer({ min: 1, max: 9e14 });

const receipts: fc.Arbitrary<Receipt> = fc.record({
  start: whole,
  popTime: whole,
  invisibleMs: whole,
  reviveQueue: small,
  retryFlag: fc.nat(2),
  brokerName: name,
  queueId: small,
  queueOffset: whole,
});

describe('receipts', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(receipts, (receipt) => expect(parseReceipt(formatReceipt(receipt))).toEqual(receipt)),
    );
  });

  it("are RocketMQ's, with a ninth field too", () => {
    const text = '100 1700000000000 60000 3 1 broker-a 7 101';
    expect(formatReceipt(parseReceipt(text)!)).toBe(text);
    expect(parseReceipt(`${text} 4096`)).toEqual(parseReceipt(text));
  });

  it.each(['', '1 2 3', '1 2 3 4 5 b 7 x', '1 2 3 4 5  7 8', '-1 2 3 4 5 b 7 8', '1 2 3 4 5 b 7 8 9 10'])(
    'are not read from %j',
    (text) => expect(parseReceipt(text)).toBeUndefined(),
  );
});

describe('acknowledgements in one body', () => {
  const acks: fc.Arbitrary<BatchAck> = fc.record({
    group: name,
    topic: name,
    retryFlag: fc.nat(2),
    start: small,
    queueId: small,
    reviveQueue: small,
    popTime: time,
    invisibleMs: small,
    offsets: fc.constant([]),
  });

  it('are read as they were written, whichever of a batch they are', () => {
    const some = fc.tuple(acks, fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 32 }));
    fc.assert(
      fc.property(fc.array(some, { maxLength: 5 }), (rows) => {
        const given = rows.map(([ack, bits]) => ({
          ...ack,
          offsets: bits.toSorted((a, b) => a - b).map((bit) => ack.start + bit),
        }));
        expect(decodeBatchAcks(encodeBatchAcks('broker-a', given))).toEqual(given);
      }),
    );
  });

  it('name their messages by bits, the lowest first', () => {
    const body = { acks: [{ c: 'g', t: 't', r: '0', so: 5, q: 0, rq: 0, pt: 1, it: 1, b: 'AQ==' }] };
    const [ack] = decodeBatchAcks(Buffer.from(JSON.stringify(body)));
    expect(ack?.offsets).toEqual([5]);
  });

  it('are refused when they are none, or more than a batch can have', () => {
    for (const body of ['', '[]', '{"acks":[{}]}', '{"acks":[1]}'])
      expect(() => decodeBatchAcks(Buffer.from(body))).toThrow(StatusError);
    const b = Buffer.alloc(2_000, 255).toString('base64');
    const body = { acks: [{ c: 'g', t: 't', r: '0', so: 5, q: 0, rq: 0, pt: 1, it: 1, b }] };
    expect(() => decodeBatchAcks(Buffer.from(JSON.stringify(body)))).toThrow('at most');
  });
});

describe('recall handles', () => {
  it('are read as they were written', () => {
    const handles = fc.record({
      topic: name,
      brokerName: name,
      deliverAt: time,
      uniqueKey: name,
      physicalOffset: fc.option(fc.nat(1e12), { nil: undefined }),
    });
    fc.assert(
      fc.property(handles, (handle) => {
        const text = formatRecallHandle(handle);
        expect(text).toMatch(/^[\w-]+$/);
        expect(parseRecallHandle(text)).toEqual(handle);
      }),
    );
  });

  it("are RocketMQ's: five words, with the time plus one", () => {
    const text = Buffer.from('v1 orders broker-a 1700000000001 KEY').toString('base64url');
    expect(parseRecallHandle(text)).toEqual({
      topic: 'orders',
      brokerName: 'broker-a',
      deliverAt: 1_700_000_000_000,
      uniqueKey: 'KEY',
      physicalOffset: undefined,
    });
  });

  it.each(['', 'rubbish', 'v2 t b 1 k', 'v1 t b x k', 'v1 t b 1', 'v1  b 1 k'])(
    'are not read from %j',
    (text) => expect(parseRecallHandle(Buffer.from(text).toString('base64url'))).toBeUndefined(),
  );
});
