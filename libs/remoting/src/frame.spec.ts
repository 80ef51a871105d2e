import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { decodeFrame, encodeFrame, FrameSplitter, type NewCommand } from './frame.js';
import { MalformedFrame } from './header.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const WORKED_EXAMPLE = {
  code: 105,
  language: 0,
  version: 477,
  opaque: 7,
  flag: 0,
  extFields: { topic: 'TopicTest' },
};
const WORKED_HEADER =
  '{"code":105,"extFields":{"topic":"TopicTest"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":477}';

const commands = fc.record({
  code: fc.integer({ min: 0, max: 32767 }),
  opaque: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  flag: fc.integer({ min: 0, max: 3 }),
  language: fc.integer({ min: 0, max: 13 }),
  version: fc.integer({ min: 0, max: 612 }),
  remark: fc.option(fc.string({ unit: 'binary', minLength: 1 }), { nil: undefined }),
  extFields: fc.option(
    fc.dictionary(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), fc.string({ unit: 'binary' }), {
      minKeys: 1,
    }),
    { nil: undefined },
  ),
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  serializeType: fc.constantFrom<0 | 1>(0, 1),
});

describe('a frame', () => {
  it('is the bytes a Java client writes, with a JSON header', () => {
    const bytes = Buffer.concat(encodeFrame(WORKED_EXAMPLE));
    expect(bytes.toString('hex', 0, 8)).toBe('0000008700000083');
    expect(bytes.toString('utf8', 8)).toBe(WORKED_HEADER);
  });

  it('is the bytes a Java client writes, with a binary header', () => {
    const bytes = Buffer.concat(encodeFrame({ ...WORKED_EXAMPLE, serializeType: 1 }));
    expect(bytes.toString('hex')).toBe(
      '0000002d01000029' +
        ['0069', '00', '01dd', '00000007', '00000000', '00000000', '00000014'].join('') +
        '0005746f70696300000009546f70696354657374',
    );
  });

  it('comes out as it went in, in both header encodings', () => {
    fc.assert(
      fc.property(commands, (command) => {
        const bytes = Buffer.concat(encodeFrame(command));
        expect({ ...decodeFrame(bytes.subarray(4)) }).toEqual(command);
        expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
      }),
    );
  });

  it('leaves the pieces of a body as they are', () => {
    const pieces = [Buffer.from('one'), Buffer.from('two')];
    const [head, ...body] = encodeFrame({ ...WORKED_EXAMPLE, body: pieces });
    expect(body).toEqual(pieces);
    expect(decodeFrame(Buffer.concat([head as Buffer, ...body]).subarray(4)).body.toString()).toBe('onetwo');
  });

  it.each([
    ['no type word', '000000'],
    ['a header longer than the frame', '0000000a7b7d'],
    ['a serialize type nobody knows', '070000027b7d'],
    ['a header that is no JSON', '000000027b7b'],
    ['a header that is a JSON array', '000000025b5d'],
    ['a header that is empty', '00000000'],
    ['extFields that are no object', `00000010${Buffer.from('{"extFields":[]}').toString('hex')}`],
    ['a code that is no integer', `0000000c${Buffer.from('{"code":"x"}').toString('hex')}`],
    ['a binary header without its fixed part', '010000020000'],
    ['a remark that leads out of the header', `01000015${'00'.repeat(13)}7fffffff${'00'.repeat(4)}`],
    ['a negative remark length', `01000015${'00'.repeat(13)}ffffffff${'00'.repeat(4)}`],
    ['ext entries that lead out of the header', `01000015${'00'.repeat(17)}00000009`],
    ['an ext key that leads out of the entries', `01000017${'00'.repeat(17)}000000020005`],
  ])('with %s is malformed', (_, hex) => {
    expect(() => decodeFrame(Buffer.from(hex, 'hex'))).toThrow(MalformedFrame);
  });

  it('of any bytes is read or malformed, and nothing else', () => {
    const headed = fc
      .tuple(
        fc.constantFrom(0, 1, 2, 255),
        fc.uint8Array({ maxLength: 80 }),
        fc.integer({ min: -2, max: 90 }),
      )
      .map(([type, bytes, length]) => {
        const frame = Buffer.concat([Buffer.alloc(4), Buffer.from(bytes)]);
        frame.writeInt32BE((type << 24) | Math.max(0, length), 0);
        return frame;
      });
    fc.assert(
      fc.property(headed, (frame) => {
        try {
          decodeFrame(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrame);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a splitter', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });

  it('finds the frames however the socket cut them', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 5 }), cuts, (sent, sizes) => {
        const bytes = Buffer.concat(sent.flatMap((command: NewCommand) => encodeFrame(command)));
        const splitter = new FrameSplitter();
        const found: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] as number;
          splitter.push(bytes.subarray(at, at + size));
          at += size;
          for (let frame = splitter.next(); frame; frame = splitter.next()) found.push(decodeFrame(frame));
        }
        expect(found).toEqual(sent);
        expect(splitter.buffered).toBe(0);
      }),
    );
  });

  it('finds them when what it was given is written over after each chunk', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 5 }), cuts, (sent, sizes) => {
        const bytes = Buffer.concat(sent.flatMap((command: NewCommand) => encodeFrame(command)));
        const splitter = new FrameSplitter();
        const shared = Buffer.alloc(40);
        const found: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = bytes.copy(shared, 0, at, at + (sizes[turn % sizes.length] as number));
          splitter.push(shared.subarray(0, size));
          at += size;
          for (let frame = splitter.next(); frame; frame = splitter.next()) found.push(decodeFrame(frame));
          splitter.keep();
          shared.fill(0xff);
        }
        expect(found).toEqual(sent);
      }),
    );
  });

  it('keeps a frame that comes byte by byte in about the memory of its bytes', () => {
    const length = 1_000_000;
    const splitter = new FrameSplitter();
    const word = Buffer.alloc(4);
    word.writeInt32BE(length);
    splitter.push(word);
    splitter.keep();
    const before = process.memoryUsage();
    const byte = Buffer.from([7]);
    for (let sent = 0; sent < length; sent++) {
      splitter.push(byte);
      splitter.keep();
    }
    const after = process.memoryUsage();
    const kept = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    expect(kept).toBeLessThan(50 * length);
    expect(splitter.next()?.equals(Buffer.alloc(length, 7))).toBe(true);
  });

  it('does not copy a frame that lies in one chunk', () => {
    const chunk = Buffer.concat([...encodeFrame(WORKED_EXAMPLE), ...encodeFrame(WORKED_EXAMPLE)]);
    const splitter = new FrameSplitter();
    splitter.push(chunk);
    expect(splitter.next()?.buffer).toBe(chunk.buffer);
    expect(splitter.next()?.buffer).toBe(chunk.buffer);
  });

  it.each([
    ['negative', -1],
    ['too small for a type word', 3],
    ['above the limit', 101],
  ])('refuses a length that is %s', (_, length) => {
    const splitter = new FrameSplitter(100);
    const word = Buffer.alloc(4);
    word.writeInt32BE(length);
    splitter.push(word);
    expect(() => splitter.next()).toThrow(`frame length ${length}, expected 4 to 100`);
  });

  it.each([
    ['HTTP/1.1 400 Bad Request', 'speaks HTTP, it begins with "HTTP"'],
    ['GET / HTTP/1.1', 'speaks HTTP, it begins with "GET"'],
    ['PRI * HTTP/2.0', 'speaks HTTP, it begins with "PRI"'],
    ['\u0016\u0003\u0001\u0002\u0000', 'begins TLS, which this port does not speak'],
  ])('says of %j what it is', (text, what) => {
    const splitter = new FrameSplitter();
    splitter.push(Buffer.from(text, 'latin1'));
    expect(() => splitter.next()).toThrow(what);
  });
});
