import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { SysFlag } from './codes.js';
import { decodeFrame, encodeFrame, FrameSplitter } from './frame.js';
import { propertyOf } from './properties.js';
import { encodeRecord, encodeRecordBytes, viewOf } from './encode-record.js';
import { recordLength } from './record.js';
import { SendAnswerRegion, SendMessageAnswer } from './requests/send-message-answer.js';
import { sendMessage } from './requests/send-message.js';
import { sendMessageV2 } from './requests/send-message-v2.js';
import { SendAnswerFrames, SendAnswers } from './send-answers.js';
import { SendReader, type PlainSend } from './send-reader.js';
import { tagsCode } from './subscription.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const KEY = 'UNIQ_KEY\u00017F00000100002A9F0000000000000001\u0002';
/** Mostly the first, which is plain. */
function mostly<T>(plain: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: plain, weight: 24 }, { arbitrary: other, weight: 1 });
}
const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const entries = mostly(
  oneOf(
    KEY,
    'TAGS\u0001A\u0002',
    'TAGS\u0001orders of today\u0002',
    'WAIT\u0001true\u0002',
    'KEYS\u0001k1 k2\u0002',
    'user\u0001x_y\u0002',
    'TAGS\u0001\u0002',
    'TRAN_MSG\u0001true\u0002',
    'PGROUP\u0001group\u0002',
    'HALFMQ_TX\u0001tx-1\u0002',
    'CHECK_IMMUNITY_TIME_IN_SECONDS\u00019\u0002',
  ),
  fc.oneof(
    oneOf(
      'WAIT\u0001false\u0002',
      'DELAY\u00013\u0002',
      'TRAN_MSG\u0001no\u0002',
      'POP_CK\u0001c\u0002',
      'HALFMQ_CHECK_URL\u0001u\u0002',
      'HALFMQ_BACKURL\u0001u\u0002',
    ),
    oneOf('MSG_REGION\u0001r\u0002', 'TIMER_DELAY_SEC\u00011\u0002', '\u0001v\u0002', 'UNIQ_KEY\u0001\u0002'),
    oneOf(
      '__LITE_TOPIC\u0001l\u0002',
      'REAL_TOPIC\u0001t\u0002',
      'PGROUP\u0001\u0002',
      'TRAN_MSG\u0001\u0002',
      'TRAN_MSG\u0001TRUE\u0002',
    ),
    oneOf('UNIQ_KEY\u0001k\u0001l\u0002', 'name', 'TAGS\u0001last', 'é\u0001"\\\n\u0002'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  ),
);
const rows = fc.array(entries, { maxLength: 6 }).map((all) => all.join(''));
const fieldTexts = {
  a: mostly(oneOf('group', 'g2'), oneOf('', 'é')),
  b: mostly(oneOf('Topic', 'Other'), oneOf('%RETRY%g', 'x'.repeat(128), 'é')),
  c: oneOf('TBW102'),
  d: mostly(oneOf('4', '-1'), oneOf('4.5')),
  e: mostly(oneOf('0', '-1', '7'), oneOf('2147483648')),
  f: mostly(oneOf('0', '1'), oneOf('4', '8')),
  g: mostly(oneOf('1700000000000', '-3'), oneOf('')),
  h: oneOf('0', '-7'),
  i: rows,
};
const optionalTexts = {
  j: mostly(oneOf('0', '2'), oneOf('x')),
  k: oneOf('false', 'TRUE'),
  l: oneOf('16'),
  m: mostly(oneOf('false', 'no'), oneOf('true')),
  n: mostly(oneOf('broker'), oneOf('b"')),
  z: oneOf('unknown'),
  // names of the other code's fields
  topic: oneOf('NotThis'),
  queueId: oneOf('x'),
  properties: oneOf('MSG_REGION'),
};
const some = (text: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> =>
  fc.option(text, { nil: undefined });
const headers = fc.record({
  fields: fc.record({
    ...fieldTexts,
    ...Object.fromEntries(Object.entries(optionalTexts).map(([name, text]) => [name, some(text)])),
  }),
  plainKey: fc.boolean(),
  code: mostly(fc.constantFrom(310, 10, 320), fc.constant(11)),
  flag: mostly(fc.constant(0), fc.constantFrom(1, 2)),
  opaque: fc.nat(),
});

function frameOf(header: string, body = 'body'): Buffer {
  const bytes = Buffer.from(header);
  const words = Buffer.alloc(8);
  words.writeInt32BE(4 + bytes.length + body.length);
  words.writeInt32BE(bytes.length, 4);
  return Buffer.concat([words, bytes, Buffer.from(body)]);
}

function read(reader: SendReader, frame: Buffer): PlainSend | undefined {
  const splitter = new FrameSplitter();
  splitter.push(frame);
  const found = splitter.inOnePiece();
  return found && reader.read(found) ? reader.send : undefined;
}

const names = Object.fromEntries(sendMessageV2.columns.map(({ key, wire }) => [wire, key]));

describe('the express lane of sends', () => {
  test('reads a plain send as the general way does, and leaves everything else to it', () => {
    const reader = new SendReader();
    let plain = 0;
    let halves = 0;
    fc.assert(
      fc.property(headers, ({ fields, plainKey, code, flag, opaque }) => {
        const given = plainKey ? { ...fields, i: KEY + (fields['i'] ?? '') } : fields;
        const extFields = Object.fromEntries(
          Object.entries(given).map(([name, text]) => [code === 10 ? (names[name] ?? name) : name, text]),
        );
        const frame = frameOf(
          `{"code":${code},"extFields":${JSON.stringify(extFields)},"flag":${flag},"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":479}`,
        );
        const send = read(reader, frame);
        if (!send) return;
        plain++;
        const command = decodeFrame(frame.subarray(4));
        expect(command).toMatchObject({
          opaque: send.opaque,
          version: send.version,
          body: send.body,
          flag: 0,
        });
        const header = (code === 10 ? sendMessage : sendMessageV2).decode(command.extFields ?? {});
        const { properties: raw = '', ...others } = header;
        expect(send).toMatchObject(others);
        expect(send.properties).toBe(raw.endsWith('\u0002') ? raw : `${raw}\u0002`);
        const { bytes, uniqueKeyAt, uniqueKeyEnd } = send.propertyBytes;
        const key = propertyOf(raw, 'UNIQ_KEY');
        expect(bytes.toString('latin1', uniqueKeyAt, uniqueKeyEnd)).toBe(key ?? '');
        if (header.batch !== true) expect(key).toBeDefined();
        expect(send.propertyBytes.tagsCode).toBe(tagsCode(propertyOf(raw, 'TAGS')));
        const half = propertyOf(raw, 'TRAN_MSG') === 'true';
        expect(send.propertyBytes.isHalf).toBe(half);
        expect(half || (header.sysFlag & SysFlag.TRANSACTION_MASK) === 0).toBe(true);
        expect(send.propertyBytes.group('g')).toBe(propertyOf(raw, 'PGROUP') ?? 'g');
        for (const name of ['HALFMQ_TX', 'CHECK_IMMUNITY_TIME_IN_SECONDS'])
          expect(propertyOf(send.propertyBytes.transaction, name)).toBe(propertyOf(raw, name));
        if (half) halves++;
        expect(half || (propertyOf(raw, 'TRAN_MSG') ?? '') === '').toBe(true);
        for (const name of ['DELAY', 'REAL_TOPIC', 'TIMER_DELAY_SEC', 'MSG_REGION', 'POP_CK', '__LITE_TOPIC'])
          expect(propertyOf(raw, name)).toBeUndefined();
        expect(propertyOf(raw, 'WAIT') ?? 'true').toBe('true');
      }),
      { numRuns: 600 },
    );
    expect(plain).toBeGreaterThan(50);
    expect(halves).toBeGreaterThan(20);
  });

  test('a frame that is cut is left to what waits for the rest', () => {
    const fields = { a: 'g', b: 'T', c: 'D', d: '4', e: '0', f: '0', g: '1', h: '0', i: KEY };
    const frame = frameOf(`{"code":310,"extFields":${JSON.stringify(fields)},"opaque":1}`);
    expect(read(new SendReader(), frame)?.opaque).toBe(1);
    for (let length = 0; length < frame.length; length++)
      expect(read(new SendReader(), frame.subarray(0, length))).toBeUndefined();
  });

  test('writes the same record from bytes as from texts', () => {
    const host = (length: number): fc.Arbitrary<{ address: Buffer; port: number }> =>
      fc.record({
        address: fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes)),
        port: fc.integer({ min: 0, max: 65535 }),
      });
    const hosts = fc.oneof(host(4), host(16));
    const int = fc.integer();
    const long = fc.maxSafeInteger();
    const record = fc.record({
      queueId: int,
      flag: int,
      queueOffset: long,
      physicalOffset: long,
      sysFlag: int,
      bornTimestamp: long,
      bornHost: hosts,
      storeTimestamp: long,
      storeHost: hosts,
      reconsumeTimes: int,
      preparedTransactionOffset: long,
      body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      topic: fc.string({ maxLength: 140 }),
      properties: fc.string({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(record, (texts) => {
        const length = recordLength(texts);
        const [one, other] = [Buffer.alloc(length), Buffer.alloc(length)];
        const propertyBytes = Buffer.from(`at${texts.properties}more`);
        expect(encodeRecord(texts, one, 0)).toBe(length);
        const propertyLength = Buffer.byteLength(texts.properties);
        const bytes = {
          ...texts,
          topicBytes: Buffer.from(texts.topic),
          propertyView: viewOf(propertyBytes),
          propertyAt: 2,
          propertyLength,
        };
        expect(encodeRecordBytes(bytes, other, 0)).toBe(length);
        expect(other).toEqual(one);
      }),
    );
  });

  test('lays out the answers the general way would write', () => {
    const region = new SendAnswerRegion('Region"', true);
    const msgIdOf = (offset: number): string =>
      `7F00000100002A9F${offset.toString(16).toUpperCase().padStart(16, '0')}`;
    const answers = new SendAnswers(new SendAnswerFrames(region, msgIdOf));
    const sends = fc.record({
      queueId: fc.integer({ min: 0, max: 130 }),
      queueOffset: fc.oneof(fc.nat({ max: 1200 }), fc.maxSafeNat()),
      physicalOffset: fc.oneof(fc.nat({ max: 2 ** 25 }), fc.maxSafeNat()),
      opaque: fc.oneof(fc.nat({ max: 120 }), fc.nat({ max: 2 ** 31 - 1 })),
      what: fc.constantFrom('send', 'half', 'batch', 'verdict'),
      key: fc.stringMatching(/^[ -!#-[\]-~]{1,40}$/),
    });
    fc.assert(
      fc.property(fc.array(sends, { minLength: 1, maxLength: 40 }), (all) => {
        answers.clear();
        const { send } = new SendReader();
        const expected = all.flatMap(({ queueId, queueOffset, physicalOffset, opaque, key, what }) => {
          if (what === 'verdict') {
            answers.addDone(opaque);
            return encodeFrame({ code: 0, opaque, flag: 1 });
          }
          send.propertyBytes.read(Buffer.from(`UNIQ_KEY\\u0001${key}\\u0002"`), 0, 200);
          send.propertyBytes.isHalf = what === 'half';
          send.queueId = queueId;
          send.opaque = opaque;
          const isBatch = what === 'batch';
          const first = Math.min(physicalOffset, Number.MAX_SAFE_INTEGER - 70_000);
          const physicalOffsets = isBatch ? [0, 1, 70_000].map((each) => first + each) : [physicalOffset];
          const msgId = physicalOffsets.map(msgIdOf).join(',');
          const uniqueKey = isBatch ? undefined : key;
          const extFields = new SendMessageAnswer(msgId, queueId, queueOffset, uniqueKey, region);
          if (isBatch) answers.addBatch(send, { queueOffset, physicalOffsets });
          else answers.add(send, queueOffset, physicalOffset);
          return encodeFrame({ code: 0, opaque, flag: 1, extFields });
        });
        expect(answers.laidOut.toString()).toBe(Buffer.concat(expected).toString());
        expect([...answers.read()].map(({ opaque }) => opaque)).toEqual(all.map(({ opaque }) => opaque));
      }),
    );
  });
});
