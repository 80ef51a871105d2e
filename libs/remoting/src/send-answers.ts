import { digits, highOf, opaqueIn, writeDigits, writeHex } from './answer-digits.js';
import { BatchAnswerFrames, type BatchAt } from './batch-answers.js';
import { CommandFlag, type Command } from './command.js';
import { decodeFrame, encodeFrame, FrameSplitter } from './frame.js';
import { SendMessageAnswer, type SendAnswerRegion } from './requests/send-message-answer.js';
import type { PlainSend } from './send-reader.js';

/*
 * Answers of plain sends and verdicts, laid out as frames when what they did is placed and written when it is stored. An
 * answer differs from the one before it in the same queue in a few digits: the frame is copied, its digits are written
 * anew. The frame itself is made by the codec of every other answer, again whenever the number of digits changes.
 */

/** Queues a frame is kept for; their half messages, whose offsets are of another queue, have frames of their own. */
const MOST_QUEUES = 64;
const FIRST_ROOM = 8192;
/** What is kept for the next run: the answer of a batch names every message. */
const MOST_ROOM = 65536;

/** The answer of one queue's last send, and where its digits end. */
interface Frame {
  readonly bytes: Buffer;
  readonly high: number;
  readonly msgIdEnd: number;
  readonly queueOffsetAt: number;
  readonly queueOffsetEnd: number;
  readonly keyAt: number;
  readonly keyEnd: number;
  readonly opaqueAt: number;
  readonly opaqueEnd: number;
}

/** The answer of one verdict. */
type DoneFrame = Pick<Frame, 'bytes' | 'opaqueAt' | 'opaqueEnd'>;

/** What all rows of a broker share: the frames. */
export class SendAnswerFrames {
  private readonly frames: (Frame | undefined)[] = Array.from({ length: 2 * MOST_QUEUES }, () => undefined);
  readonly batches: BatchAnswerFrames;

  /** @param msgIdOf the offset message id of a physical offset: 16 hex digits of it at the end */
  constructor(
    private readonly region: SendAnswerRegion,
    private readonly msgIdOf: (physicalOffset: number) => string,
  ) {
    this.batches = new BatchAnswerFrames(region, msgIdOf);
  }

  /** One that has as many digits everywhere as the answer has. */
  of(send: PlainSend, queueOffset: number, physicalOffset: number): Frame {
    const { queueId } = send;
    const { uniqueKeyAt, uniqueKeyEnd, isHalf } = send.propertyBytes;
    const slot = (queueId % MOST_QUEUES) + (isHalf ? MOST_QUEUES : 0);
    const known = this.frames[slot];
    const fits =
      known !== undefined &&
      this.queueIds[slot] === queueId &&
      known.high === highOf(physicalOffset) &&
      known.keyEnd - known.keyAt === uniqueKeyEnd - uniqueKeyAt &&
      known.queueOffsetEnd - known.queueOffsetAt === digits(queueOffset) &&
      known.opaqueEnd - known.opaqueAt === digits(send.opaque);
    return fits ? known : this.make(slot, send, queueId, queueOffset, physicalOffset);
  }

  /** Success, of requests whose answer says nothing else. */
  done(opaque: number): DoneFrame {
    const known = this.doneFrame;
    return known && known.opaqueEnd - known.opaqueAt === digits(opaque)
      ? known
      : (this.doneFrame = doneFrame(opaque));
  }

  private doneFrame: DoneFrame | undefined;
  private readonly queueIds: number[] = Array.from({ length: 2 * MOST_QUEUES }, () => -1);

  private make(
    slot: number,
    send: PlainSend,
    queueId: number,
    queueOffset: number,
    physicalOffset: number,
  ): Frame {
    const { bytes, uniqueKeyAt, uniqueKeyEnd } = send.propertyBytes;
    const key = bytes.toString('latin1', uniqueKeyAt, uniqueKeyEnd);
    const msgId = this.msgIdOf(physicalOffset);
    const extFields = new SendMessageAnswer(msgId, queueId, queueOffset, key, this.region);
    const answer = { code: 0, opaque: send.opaque, flag: CommandFlag.RESPONSE, extFields };
    const [frame = Buffer.alloc(0)] = encodeFrame(answer);
    const after = (name: string): number => frame.indexOf(name) + name.length;
    const queueOffsetAt = after('"queueOffset":"');
    const keyAt = after('"transactionId":"');
    const made = {
      bytes: frame,
      high: highOf(physicalOffset),
      msgIdEnd: after('"msgId":"') + msgId.length,
      queueOffsetAt,
      queueOffsetEnd: queueOffsetAt + digits(queueOffset),
      keyAt,
      keyEnd: keyAt + key.length,
      ...opaqueIn(frame, send.opaque),
    };
    this.frames[slot] = made;
    this.queueIds[slot] = queueId;
    return made;
  }
}

/** Answers of one run, in order. */
export class SendAnswers {
  private bytes = Buffer.allocUnsafeSlow(FIRST_ROOM);
  private length = 0;

  constructor(private readonly frames: SendAnswerFrames) {}

  get laidOut(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** The answers one by one, as they would be read: for who has to write others in their place. */
  *read(): Generator<Command> {
    const splitter = new FrameSplitter();
    splitter.push(this.laidOut);
    for (let frame = splitter.next(); frame; frame = splitter.next()) yield decodeFrame(frame);
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > MOST_ROOM) this.bytes = Buffer.allocUnsafeSlow(FIRST_ROOM);
  }

  add(send: PlainSend, queueOffset: number, physicalOffset: number): void {
    const frame = this.frames.of(send, queueOffset, physicalOffset);
    const { length } = frame.bytes;
    if (this.bytes.length - this.length < length) this.grow(length);
    const { bytes, length: at } = this;
    bytes.set(frame.bytes, at);
    writeHex(bytes, at + frame.msgIdEnd, physicalOffset);
    writeDigits(bytes, at + frame.queueOffsetEnd, queueOffset);
    writeDigits(bytes, at + frame.opaqueEnd, send.opaque);
    const { bytes: key, uniqueKeyAt, uniqueKeyEnd } = send.propertyBytes;
    for (let to = at + frame.keyAt, from = uniqueKeyAt; from < uniqueKeyEnd; from++, to++) {
      bytes[to] = key[from] as number;
    }
    this.length = at + length;
  }

  addDone(opaque: number): void {
    const { bytes: frame, opaqueEnd } = this.frames.done(opaque);
    if (this.bytes.length - this.length < frame.length) this.grow(frame.length);
    this.bytes.set(frame, this.length);
    writeDigits(this.bytes, this.length + opaqueEnd, opaque);
    this.length += frame.length;
  }

  addBatch(send: PlainSend, batch: BatchAt): void {
    const frame = this.frames.batches.of(send, batch);
    const { length } = frame.bytes;
    if (this.bytes.length - this.length < length) this.grow(length);
    this.bytes.set(frame.bytes, this.length);
    frame.write(this.bytes, this.length, send, batch);
    this.length += length;
  }

  private grow(more: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
    larger.set(this.laidOut);
    this.bytes = larger;
  }
}

function doneFrame(opaque: number): DoneFrame {
  const [bytes = Buffer.alloc(0)] = encodeFrame({ code: 0, opaque, flag: CommandFlag.RESPONSE });
  return { bytes, ...opaqueIn(bytes, opaque) };
}
