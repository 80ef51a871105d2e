import { digits, highOf, opaqueIn, writeDigits, writeHex } from './answer-digits.js';
import { CommandFlag } from './command.js';
import { encodeFrame } from './frame.js';
import { SendMessageAnswer, type SendAnswerRegion } from './requests/send-message-answer.js';
import type { PlainSend } from './send-reader.js';

/** Queues a frame is kept for. */
const MOST_QUEUES = 64;

/** Where the messages of a batch lie: consecutive in their queue. */
export interface BatchAt {
  readonly queueOffset: number;
  readonly physicalOffsets: readonly number[];
}

/** The answer of a batch, which names every message: written over for the next one of as many messages. */
class BatchFrame {
  readonly bytes: Buffer;
  private readonly count: number;
  private readonly high: number;
  private readonly firstIdEnd: number;
  private readonly idLength: number;
  private readonly queueOffsetEnd: number;
  private readonly queueOffsetDigits: number;
  private readonly opaqueEnd: number;
  private readonly opaqueDigits: number;

  constructor(
    private readonly queueId: number,
    opaque: number,
    { queueOffset, physicalOffsets }: BatchAt,
    msgIdOf: (physicalOffset: number) => string,
    region: SendAnswerRegion,
  ) {
    const ids = physicalOffsets.map(msgIdOf);
    const extFields = new SendMessageAnswer(ids.join(','), queueId, queueOffset, undefined, region);
    const [frame = Buffer.alloc(0)] = encodeFrame({ code: 0, opaque, flag: CommandFlag.RESPONSE, extFields });
    const after = (name: string): number => frame.indexOf(name) + name.length;
    this.bytes = frame;
    this.count = ids.length;
    this.high = highOf(physicalOffsets[0] ?? 0);
    this.idLength = ids[0]?.length ?? 0;
    this.firstIdEnd = after('"msgId":"') + this.idLength;
    this.queueOffsetDigits = digits(queueOffset);
    this.queueOffsetEnd = after('"queueOffset":"') + this.queueOffsetDigits;
    this.opaqueEnd = opaqueIn(frame, opaque).opaqueEnd;
    this.opaqueDigits = digits(opaque);
  }

  /** It has as many digits everywhere as that answer, and all ids begin as its do. */
  fits({ queueId, opaque }: PlainSend, { queueOffset, physicalOffsets }: BatchAt): boolean {
    return (
      this.queueId === queueId &&
      this.count === physicalOffsets.length &&
      this.high === highOf(physicalOffsets[0] ?? 0) &&
      this.high === highOf(physicalOffsets.at(-1) ?? 0) &&
      this.queueOffsetDigits === digits(queueOffset) &&
      this.opaqueDigits === digits(opaque)
    );
  }

  /** Writes the answer's numbers into a copy of the frame that begins at `at`. */
  write(target: Buffer, at: number, { opaque }: PlainSend, { queueOffset, physicalOffsets }: BatchAt): void {
    let idEnd = at + this.firstIdEnd;
    for (const physicalOffset of physicalOffsets) {
      writeHex(target, idEnd, physicalOffset);
      // and a comma
      idEnd += this.idLength + 1;
    }
    writeDigits(target, at + this.queueOffsetEnd, queueOffset);
    writeDigits(target, at + this.opaqueEnd, opaque);
  }
}

/** The frames of one broker. */
export class BatchAnswerFrames {
  private readonly frames: (BatchFrame | undefined)[] = Array.from({ length: MOST_QUEUES }, () => undefined);

  constructor(
    private readonly region: SendAnswerRegion,
    private readonly msgIdOf: (physicalOffset: number) => string,
  ) {}

  /** One that `write` makes the answer of. */
  of(send: PlainSend, batch: BatchAt): BatchFrame {
    const slot = send.queueId % MOST_QUEUES;
    const known = this.frames[slot];
    if (known?.fits(send, batch)) return known;
    const made = new BatchFrame(send.queueId, send.opaque, batch, this.msgIdOf, this.region);
    // ids that begin differently are this answer's alone
    if (made.fits(send, batch)) this.frames[slot] = made;
    return made;
  }
}
