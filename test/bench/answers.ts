export interface AnswerHeader {
  readonly code: number;
  readonly opaque: number;
  readonly remark?: string;
  readonly extFields?: Readonly<Record<string, string>>;
}

/** The header of an answer in the JSON encoding. */
export function headerOf(frame: Buffer): AnswerHeader {
  const length = frame.readUInt32BE(4) & 0xffffff;
  return JSON.parse(frame.subarray(8, 8 + length).toString()) as AnswerHeader;
}

const OPEN = 0x7b;
const ZERO = 0x30;
const COMMA = 0x2c;

/** Counts whole frames as they pass, without keeping or copying them. */
export class FrameCounter {
  /** bytes of the frame under way that are still to come; -1: its length word is not complete */
  private missing = -1;
  private readonly word = Buffer.alloc(4);
  private wordBytes = 0;

  /** @param look at those that begin in a chunk, for what is wrong with them */
  constructor(private readonly look?: (chunk: Buffer, at: number, end: number) => void) {}

  take(chunk: Buffer): number {
    let count = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.missing < 0) {
        at = this.lengthWord(chunk, at);
        if (this.missing < 0) break;
      }
      const step = Math.min(this.missing, chunk.length - at);
      at += step;
      this.missing -= step;
      if (this.missing > 0) break;
      this.missing = -1;
      count++;
    }
    return count;
  }

  private lengthWord(chunk: Buffer, from: number): number {
    let at = from;
    if (this.wordBytes === 0 && chunk.length - at >= 4) {
      this.missing = chunk.readUInt32BE(at);
      this.look?.(chunk, at, at + 4 + this.missing);
      return at + 4;
    }
    while (this.wordBytes < 4 && at < chunk.length) this.word[this.wordBytes++] = chunk[at++] ?? 0;
    if (this.wordBytes === 4) {
      this.missing = this.word.readUInt32BE(0);
      this.wordBytes = 0;
    }
    return at;
  }
}

/**
 * What refuses everything is fast: looks at answers that lie whole in the chunk; an echo has no header. Headers begin with
 * {"code":0, when all is well.
 * @throws Error with the server's remark
 */
export function mustBeOk(chunk: Buffer, at: number, end: number): void {
  if (end > chunk.length || chunk[at + 8] !== OPEN) return;
  if (chunk[at + 16] === ZERO && chunk[at + 17] === COMMA) return;
  const { code, remark } = headerOf(chunk.subarray(at, end));
  if (code !== 0) throw new Error(`the server refused: ${code} ${remark ?? ''}`);
}
