import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frameOf, MessageFrames, MOST_BYTES } from './message-frames.js';

const messages = fc.array(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 8 },
);

function pieces(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const all: Buffer[] = [];
  let at = 0;
  for (const length of lengths) all.push(bytes.subarray(at, (at += length)));
  return [...all, bytes.subarray(at)];
}

function compressed(message: Buffer): Buffer {
  const frame = frameOf(gzipSync(message));
  frame[0] = 1;
  return frame;
}

/** Of a frame, with nothing behind it. */
function headOf(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return head;
}

describe('the messages of a gRPC stream', () => {
  it('are the same however the stream is cut', () => {
    const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 40 });
    fc.assert(
      fc.property(messages, cuts, fc.boolean(), (sent, lengths, isCompressed) => {
        const bytes = Buffer.concat(sent.map(isCompressed ? compressed : frameOf));
        const frames = new MessageFrames('gzip');
        const read = pieces(bytes, lengths).flatMap((piece) => frames.take(piece));
        expect(read.map((each) => each.toString('hex'))).toEqual(sent.map((each) => each.toString('hex')));
        expect(frames.held).toBe(0);
      }),
    );
  });

  it('are refused as soon as their length is known to be too large', () => {
    expect(() => new MessageFrames('identity').take(headOf(MOST_BYTES + 1))).toThrow(
      `a message of ${MOST_BYTES + 1} bytes, at most ${MOST_BYTES} are taken`,
    );
    const frames = new MessageFrames('identity');
    expect(frames.take(headOf(MOST_BYTES))).toEqual([]);
    expect(frames.held).toBeGreaterThan(0);
  });

  it('are refused when they grow too large, or cannot be inflated', () => {
    const bomb = compressed(Buffer.alloc(MOST_BYTES + 1));
    expect(() => new MessageFrames('gzip').take(bomb)).toThrow(/inflated/);
    const none = frameOf(Buffer.from('no gzip'));
    none[0] = 1;
    expect(() => new MessageFrames('gzip').take(none)).toThrow('a message that is said to be gzip is none');
    expect(() => new MessageFrames('snappy').take(none)).toThrow(/compressed by snappy/);
  });
});
