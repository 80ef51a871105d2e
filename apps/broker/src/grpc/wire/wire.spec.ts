import { describe, expect, it } from '@jest/globals';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import type { AckResult, Message, SendResultEntry, Status, SystemProperties } from '../contract.js';
import { MessageFrames } from '../message-frames.js';
import {
  readAckMessageRequest,
  readSendMessageRequest,
  writeAckMessageResponse,
  writeReceiveMessageResponse,
  writeSendMessageResponse,
} from './calls.js';

const definition = loadSync('apache/rocketmq/v2/service.proto', {
  includeDirs: [fileURLToPath(new URL('../../../proto/', import.meta.url))],
  longs: Number,
  enums: String,
})['apache.rocketmq.v2.MessagingService'] as Readonly<Record<string, MethodDefinition<object, object>>>;

function of(method: string): MethodDefinition<object, object> {
  const found = definition[method];
  if (!found) throw new Error(`the contract has no ${method}`);
  return found;
}

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constant('x'.repeat(300)));
const named = text.filter((name) => name !== '__proto__');
const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const small = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const moment = fc.record({
  seconds: fc.oneof(fc.integer({ min: 1 }), whole, fc.integer({ min: -(2 ** 40), max: -1 })),
  nanos: fc.integer({ min: 1, max: 999_999_999 }),
});
const filled = text.filter((each) => each !== '');
const status: fc.Arbitrary<Status> = fc.record({
  code: fc.constantFrom(20_000, 40_015, 50_001),
  message: filled,
});

/** Fields that are absent or say something: what is empty is written by one and not by the other, and read alike. */
const systemProperties: fc.Arbitrary<SystemProperties> = fc.record(
  {
    tag: text,
    keys: fc.array(text, { minLength: 1, maxLength: 3 }),
    messageId: filled,
    bodyDigest: fc.record({ type: fc.constantFrom('CRC32', 'MD5', 'SHA1'), checksum: filled }),
    bodyEncoding: fc.constantFrom('IDENTITY', 'GZIP'),
    messageType: fc.constantFrom('NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'LITE', 'PRIORITY'),
    bornTimestamp: moment,
    bornHost: filled,
    storeTimestamp: moment,
    storeHost: filled,
    deliveryTimestamp: moment,
    receiptHandle: text,
    queueId: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    queueOffset: whole,
    deliveryAttempt: small,
    messageGroup: text,
    traceContext: text,
    orphanedTransactionRecoveryDuration: moment,
    deadLetterQueue: fc.record({ topic: filled, messageId: filled }),
    liteTopic: text,
    priority: fc.integer(),
  },
  { requiredKeys: ['keys', 'messageId'] },
);
const message: fc.Arbitrary<Message> = fc.record({
  topic: fc.record({ resourceNamespace: filled, name: filled }),
  userProperties: fc.dictionary(named, text, { minKeys: 1 }),
  systemProperties,
  body: fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
});
const sendEntry: fc.Arbitrary<SendResultEntry> = fc.record({
  status,
  messageId: filled,
  transactionId: filled,
  offset: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  recallHandle: filled,
});
const ackEntry: fc.Arbitrary<AckResult> = fc.record({ messageId: filled, receiptHandle: filled, status });

/** As the library writes it, read by it: enums by name, and what the oneofs of optional fields add. */
const asTheLibrary = (method: string, document: object): object => {
  const { responseSerialize, responseDeserialize } = of(method);
  return responseDeserialize(responseSerialize(document));
};

describe('messages of the contract, read and written by hand', () => {
  it('are read as the library has written them', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 3 }), (messages) => {
        const bytes = of('SendMessage').requestSerialize({ messages });
        expect(readSendMessageRequest(bytes)).toEqual({ messages });
      }),
    );
    const entry = fc.record({ messageId: text, receiptHandle: text });
    const resource = fc.record({ resourceNamespace: text, name: text });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), resource, (entries, name) => {
        const request = { group: name, topic: name, entries };
        expect(readAckMessageRequest(of('AckMessage').requestSerialize(request))).toEqual(request);
      }),
    );
  });

  it('are written so that the library reads what it would have written', () => {
    const read = (method: string, frame: Buffer): object => {
      const [message = Buffer.alloc(0), ...more] = new MessageFrames('identity').take(frame);
      expect(more).toEqual([]);
      return of(method).responseDeserialize(message);
    };
    const elements = fc.oneof(
      fc.record({ message }),
      fc.record({ status }),
      fc.record({ deliveryTimestamp: moment }),
    );
    fc.assert(
      fc.property(elements, (element) => {
        const written = read('ReceiveMessage', writeReceiveMessageResponse(element));
        expect(written).toEqual(asTheLibrary('ReceiveMessage', element));
      }),
    );
    const entries = fc.array(sendEntry, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.record({ status, entries }), (answer) => {
        const written = read('SendMessage', writeSendMessageResponse(answer));
        expect(written).toEqual(asTheLibrary('SendMessage', answer));
      }),
    );
    const results = fc.array(ackEntry, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.record({ status, entries: results }), (answer) => {
        const written = read('AckMessage', writeAckMessageResponse(answer));
        expect(written).toEqual(asTheLibrary('AckMessage', answer));
      }),
    );
  });

  it('skip fields that a later contract adds, of whatever type', () => {
    const [ten, eight, three, four] = ['ffffffffffffffffff01', '0102030405060708', '03010203', '01020304'];
    const later = Buffer.from(`a006${ten}a106${eight}a206${three}a506${four}`, 'hex');
    expect(readSendMessageRequest(later)).toEqual({ messages: [] });
    const nested = Buffer.from([0x0a, later.length + 2, ...later, 0x22, 0]);
    expect(readSendMessageRequest(nested).messages).toMatchObject([{ body: Buffer.alloc(0) }]);
  });

  it('keep a property whatever its name is', () => {
    const entry = [0x12, 14, 0x0a, 9, ...Buffer.from('__proto__'), 0x12, 1, 0x61];
    const [{ userProperties = {} } = {}] = readSendMessageRequest(Buffer.from([0x0a, 16, ...entry])).messages;
    expect(Object.entries(userProperties)).toEqual([['__proto__', 'a']]);
  });

  it('are refused with a RangeError where they are cut off or spoilt, or read as something else', () => {
    const spoil = fc.record({ cut: fc.nat(), at: fc.nat(), by: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(message, spoil, (given, { cut, at, by }) => {
        const whole = of('SendMessage').requestSerialize({ messages: [given] });
        const bytes = Buffer.from(whole.subarray(0, cut % (whole.length + 1)));
        if (bytes.length > 0) bytes[at % bytes.length] = by;
        try {
          expect(readSendMessageRequest(bytes).messages.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
