import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { boolean, int, long, optional, string } from './fields.js';
import { decodeFrame, encodeFrame } from './frame.js';
import { RequestReader, type TypedRequest } from './request-reader.js';
import { request } from './request-spec.js';
import { StatusError } from './status.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const spec = request(
  'SEND_MESSAGE_V2',
  { permission: 'pub', lane: 'send', wireNames: { topic: 'b', properties: 'i' } },
  {
    topic: string,
    queueId: int,
    offset: long,
    properties: optional(string),
    batch: optional(boolean),
    unit: optional(int),
  },
);
const readerOf = (): RequestReader => new RequestReader((code) => (code === spec.code ? spec : undefined));

/** A frame without its length word. */
function frameOf(header: string, body = 'body'): Buffer {
  const bytes = Buffer.from(header);
  const word = Buffer.alloc(4);
  word.writeInt32BE(bytes.length);
  return Buffer.concat([word, bytes, Buffer.from(body)]);
}

/** What the other way of reading makes of it; undefined when it refuses the frame or the header. */
function readOtherwise(frame: Buffer): object | undefined {
  try {
    const command = decodeFrame(frame);
    return { ...command, header: spec.decode(command.extFields ?? {}) };
  } catch {
    return undefined;
  }
}

function facts(request: TypedRequest): object {
  const { code, language, version, opaque, flag, remark, body, serializeType, extFields, header } = request;
  return { code, language, version, opaque, flag, remark, body, serializeType, extFields, header };
}

const JAVA =
  '{"code":310,"extFields":{"b":"Topic","queueId":"3","offset":"9000000000","i":"TAGS\\u0001A\\u0002","batch":"false"},' +
  '"flag":0,"language":"JAVA","opaque":12,"serializeTypeCurrentRPC":"JSON","version":479}';
const GO =
  '{"code":310,"language":"GO","version":317,"opaque":3,"flag":2,"extFields":{"offset":"1","b":"T","queueId":"-1","new":"x"}}';

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('1', '-7', '2147483648', 'true', 'TRUE', ''),
);
const values = fc.oneof(texts, texts, texts, fc.integer(), fc.boolean(), fc.constant(null), fc.double());
const names = fc.oneof(
  fc.constantFrom('b', 'i', 'queueId', 'offset', 'batch', 'unit', '__proto__'),
  fc.string({ unit: 'binary' }),
);
const whole = fc.constantFrom('"b":"T"', '"queueId":"1"', '"offset":"-5"');
const fields = fc
  .tuple(
    fc.shuffledSubarray(['"b":"T"', '"queueId":"1"', '"offset":"-5"'], { minLength: 2 }),
    fc.array(
      fc.oneof(
        whole,
        fc.tuple(names, values).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([first, more]) => `"extFields":{${[...first, ...more].join(',')}}`);
const members = fc.array(
  fc.oneof(
    fields,
    fc.constantFrom(
      '"flag":0',
      '"flag":2',
      '"flag":3',
      '"flag":-1',
      '"opaque":7',
      '"version":479',
      '"code":310',
    ),
    fc.constantFrom(
      '"language":"JAVA"',
      '"language":"none"',
      '"language":null',
      '"remark":"r"',
      '"x":1',
      '"flag":1.5',
    ),
  ),
  { maxLength: 5 },
);
const headers = fc.tuple(fields, members).map(([own, more]) => `{"code":310,${[own, ...more].join(',')}}`);

describe('the express way of reading a request', () => {
  it.each([JAVA, GO])('reads what clients send: %s', (header) => {
    const reader = readerOf();
    const frame = frameOf(header);
    // the second time by the order seen the first time
    for (let times = 0; times < 2; times++) {
      const read = reader.read(frame);
      expect(read && facts(read)).toEqual(readOtherwise(frame));
    }
  });

  it('says what the other way says, or leaves the frame to it', () => {
    const reader = readerOf();
    let read = 0;
    fc.assert(
      fc.property(headers, (header) => {
        const frame = frameOf(header);
        const request = reader.read(frame);
        if (!request) return;
        read++;
        expect(facts(request)).toEqual(readOtherwise(frame));
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(50);
  });

  it('reads nothing that the other way refuses, whatever was done to the bytes', () => {
    const reader = readerOf();
    const damage = fc.tuple(
      fc.constantFrom(JAVA, GO),
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '{', '}', 'x', '0', '-', '\u0001', 'é'),
    );
    fc.assert(
      fc.property(damage, fc.nat({ max: 2 }), ([header, at, put], removed) => {
        const place = at % header.length;
        const frame = frameOf(header.slice(0, place) + put + header.slice(place + removed));
        const request = reader.read(frame);
        if (request) expect(facts(request)).toEqual(readOtherwise(frame));
      }),
      { numRuns: 3_000 },
    );
  });

  it('leaves to the other way what it must name an error for', () => {
    const reader = readerOf();
    for (const extFields of ['"b":"T","queueId":"1"', '"b":"T","queueId":"x","offset":"1"']) {
      const frame = frameOf(`{"code":310,"extFields":{${extFields}},"opaque":1}`);
      expect(reader.read(frame)).toBeUndefined();
      expect(() => spec.decode(decodeFrame(frame).extFields ?? {})).toThrow(StatusError);
    }
  });

  it('leaves answers, binary headers and requests it does not know alone', () => {
    const reader = readerOf();
    const bytes = (how: { code?: number; flag?: number; serializeType?: 0 | 1 }): Buffer =>
      Buffer.concat(
        encodeFrame({ code: 310, opaque: 1, flag: 0, extFields: { b: 'T', queueId: 1, offset: 1 }, ...how }),
      ).subarray(4);
    expect(reader.read(bytes({}))).toBeDefined();
    expect(reader.read(bytes({ flag: 1 }))).toBeUndefined();
    expect(reader.read(bytes({ serializeType: 1 }))).toBeUndefined();
    expect(reader.read(bytes({ code: 311 }))).toBeUndefined();
    expect(reader.read(bytes({}).subarray(0, 40))).toBeUndefined();
    expect(reader.read(Buffer.alloc(3))).toBeUndefined();
  });
});
