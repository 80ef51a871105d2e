/**
 * As much of AMQP 0-9-1 as a load needs. A frame is a type (1 method, 2 header, 3 body), the channel (2 bytes), the
 * payload's length (4), the payload, and the byte 0xCE; a method's payload begins with its class and number.
 */

export const GREETING = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

const number = (ofClass: number, ofMethod: number): string => String.fromCharCode(0, ofClass, 0, ofMethod);

/** Class and number as they lie in a frame. */
export const METHOD = {
  start: number(10, 10),
  startOk: number(10, 11),
  tune: number(10, 30),
  tuneOk: number(10, 31),
  open: number(10, 40),
  openOk: number(10, 41),
  channelOpen: number(20, 10),
  channelOpenOk: number(20, 11),
  declare: number(50, 10),
  declareOk: number(50, 11),
  publish: number(60, 40),
  ack: number(60, 80),
  confirmSelect: number(85, 10),
  confirmSelectOk: number(85, 11),
} as const;

const END = 0xce;
const PERSISTENT = [0x10, 0x00, 2] as const;
const BASIC = 60;

export function method(channel: number, name: string, fields: Buffer): Buffer {
  return frame(1, channel, Buffer.concat([Buffer.from(name, 'latin1'), fields]));
}

/** A content header with the delivery mode "persistent", and the body, on channel 1. */
export function bodyFrames(body: Buffer): Buffer[] {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(BASIC);
  header.writeUInt32BE(body.length, 8);
  return [frame(2, 1, Buffer.concat([header, Buffer.from(PERSISTENT)])), frame(3, 1, body)];
}

export const shortText = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.of(END)]);
}

/** Counts confirmed messages: basic.ack names one, or all up to one. */
export class ConfirmCounter {
  private rest: Buffer = Buffer.alloc(0);
  private upTo = 0;
  private readonly alone = new Set<number>();

  take(chunk: Buffer): number {
    let data = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    let count = 0;
    for (;;) {
      const size = data.length < 7 ? Infinity : data.readUInt32BE(3) + 8;
      if (data.length < size) break;
      count += this.confirmed(data.subarray(7, size - 1));
      data = data.subarray(size);
    }
    this.rest = Buffer.from(data);
    return count;
  }

  private confirmed(payload: Buffer): number {
    const name = payload.toString('latin1', 0, 4);
    if (name !== METHOD.ack) throw new Error(`refused: ${payload.toString('latin1')}`);
    const tag = Number(payload.readBigUInt64BE(4));
    if (payload[12] === 0) {
      this.alone.add(tag);
      return 1;
    }
    let count = 0;
    for (; this.upTo < tag; this.upTo++) if (!this.alone.delete(this.upTo + 1)) count++;
    return count;
  }
}
