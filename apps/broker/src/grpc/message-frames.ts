import { gunzipSync } from 'node:zlib';
import { GrpcError } from './grpc-error.js';

/*
 * gRPC's messages on a stream: a flag (1: compressed), the length in four bytes, the message.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export const HEAD = 5;

/** as a frame of the remoting door */
export const MOST_BYTES = 16 * 1024 * 1024;

export function frameOf(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEAD + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, HEAD);
  return frame;
}

/** Puts messages together out of the pieces a stream brings. */
export class MessageFrames {
  private pieces: Buffer[] = [];
  private bytes = 0;
  /** of the message under way, its head included; undefined: the head is not whole */
  private wanted: number | undefined;

  /** @param encoding the call's grpc-encoding */
  constructor(private readonly encoding: string) {}

  /** Bytes of a message that is not whole yet. */
  get held(): number {
    return this.bytes;
  }

  /**
   * @returns the messages that are whole now
   * @throws GrpcError RESOURCE_EXHAUSTED as soon as a head names too much; UNIMPLEMENTED, INTERNAL
   */
  take(piece: Buffer): Buffer[] {
    // nearly always a message comes whole and alone
    if (
      this.bytes === 0 &&
      piece.length >= HEAD &&
      piece.length <= HEAD + MOST_BYTES &&
      piece.readUInt32BE(1) === piece.length - HEAD
    )
      return [this.opened(piece[0], piece.subarray(HEAD))];
    return this.pieced(piece);
  }

  private pieced(piece: Buffer): Buffer[] {
    this.pieces.push(piece);
    this.bytes += piece.length;
    const messages: Buffer[] = [];
    for (let message = this.next(); message; message = this.next()) messages.push(message);
    return messages;
  }

  private next(): Buffer | undefined {
    if (this.bytes < (this.wanted ?? HEAD)) return undefined;
    const bytes = this.whole();
    const length = bytes.readUInt32BE(1);
    if (length > MOST_BYTES)
      throw new GrpcError(
        'RESOURCE_EXHAUSTED',
        `a message of ${length} bytes, at most ${MOST_BYTES} are taken`,
      );
    this.wanted = HEAD + length;
    if (this.bytes < this.wanted) return undefined;
    const message = bytes.subarray(HEAD, this.wanted);
    const rest = bytes.subarray(this.wanted);
    this.pieces = rest.length > 0 ? [rest] : [];
    this.bytes = rest.length;
    this.wanted = undefined;
    return this.opened(bytes[0], message);
  }

  private opened(flag: number | undefined, message: Buffer): Buffer {
    return flag === 0 ? message : this.inflated(message);
  }

  private whole(): Buffer {
    const [first] = this.pieces;
    const bytes = first && this.pieces.length === 1 ? first : Buffer.concat(this.pieces, this.bytes);
    this.pieces = [bytes];
    return bytes;
  }

  private inflated(message: Buffer): Buffer {
    if (this.encoding !== 'gzip')
      throw new GrpcError('UNIMPLEMENTED', `messages compressed by ${this.encoding} are not read: gzip is`);
    try {
      return gunzipSync(message, { maxOutputLength: MOST_BYTES });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw new GrpcError('RESOURCE_EXHAUSTED', `a message of more than ${MOST_BYTES} bytes, inflated`);
      throw new GrpcError('INTERNAL', 'a message that is said to be gzip is none');
    }
  }
}
