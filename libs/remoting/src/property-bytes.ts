/*
 * Properties of a plain send, as bytes. In the header they are a JSON text:
 *
 *   KEY \u0001 VALUE \u0002 ...         the last \u0002 may be missing
 *
 * Plain are properties of ASCII alone, without any other escape, every entry with a name and one \u0001; WAIT and TRAN_MSG
 * (a half message) are `true` where they are given; and none that makes the message wait or makes the broker rewrite them
 * all: DELAY, HALFMQ_BACKURL, HALFMQ_CHECK_URL, TIMER_*, MSG_REGION, POP_CK, REAL_*, or puts it elsewhere: __LITE_TOPIC. The
 * last five are looked for by the letters before their underscore, wherever they stand: what is left out here only goes the general way.
 */

const ENTRY_END = 2;
const LAST = '\u0002';
const KEY_END = 1;
const SPACE = 0x20;
const QUOTE = 0x22;
const ZERO = 0x30;
const UNDERSCORE = 0x5f;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const LAST_ASCII = 0x7f;
/** Room for the longest properties a record can hold, and the broker's own. */
const ROOM = 40_000;

const name = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const UNIQ_KEY = name('UNIQ_KEY');
const TAGS = name('TAGS');
const WAIT = name('WAIT');
const DELAY = name('DELAY');
const PGROUP = name('PGROUP');
const TRAN_MSG = name('TRAN_MSG');
const HALFMQ_TX = name('HALFMQ_TX');
const BACKURL = name('HALFMQ_BACKURL');
const CHECK_URL = name('HALFMQ_CHECK_URL');
const IMMUNITY = name('CHECK_IMMUNITY_TIME_IN_SECONDS');
const TRUE = name('true');
/** By their last letter. */
const IRREGULAR: (Uint8Array | undefined)[] = Array.from({ length: 256 }, () => undefined);
for (const word of ['TIMER', 'REAL', 'MSG', 'POP', 'LITE'].map(name)) IRREGULAR[word.at(-1) ?? 0] = word;
/** 1: a byte that is copied as it is, whatever came before. */
const IS_TEXT = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte <= LAST_ASCII && ![BACKSLASH, QUOTE, UNDERSCORE].includes(byte) ? 1 : 0,
);

/** The row of one message, filled again for each: what is wanted of it are positions in `bytes`. */
export class PropertyBytes {
  readonly bytes = Buffer.allocUnsafeSlow(ROOM);
  length = 0;
  uniqueKeyAt = 0;
  /** 0: none was given */
  uniqueKeyEnd = 0;
  /** what the index holds of TAGS: Java's hash, 0 without any */
  tagsCode = 0;
  /** TRAN_MSG: a half message */
  isHalf = false;
  /** of PGROUP */
  private groupAt = 0;
  private groupEnd = 0;
  /** the entries that say which transaction a half message belongs to and how long nobody asks about it */
  transaction = '';

  clear(): void {
    this.length = 0;
    this.uniqueKeyAt = 0;
    this.uniqueKeyEnd = 0;
    this.tagsCode = 0;
    this.isHalf = false;
    this.groupEnd = 0;
    this.transaction = '';
  }

  /**
   * Reads the text whose first byte is at `at`.
   * @returns the position behind its closing quote; negative when they are not plain
   */
  read(source: Buffer, at: number, end: number): number {
    const { bytes } = this;
    if (end - at > ROOM / 2) return -1;
    this.clear();
    let length = 0;
    let entry = 0;
    let split = -1;
    for (let from = at; from < end; from++) {
      let byte = source[from] as number;
      if (IS_TEXT[byte] === 1) {
        bytes[length++] = byte;
        continue;
      }
      if (byte === BACKSLASH) {
        byte = endMark(source, from);
        from += 5;
        if (byte === KEY_END && split < 0 && length > entry) split = length;
        else if (byte !== ENTRY_END || !this.enter(entry, split, length)) return -1;
        else {
          entry = length + 1;
          split = -1;
        }
      } else if (byte === QUOTE) {
        return this.finish(entry, split, length) ? from + 1 : -1;
      } else if (byte !== UNDERSCORE || isIrregular(bytes, length)) {
        return -1;
      }
      bytes[length++] = byte;
    }
    return -1;
  }

  /** Properties of the broker's own, as they are stored. What is beyond every limit is counted, not kept. */
  append(more: Uint8Array): void {
    const { length } = this;
    this.length = length + more.length;
    if (this.length <= ROOM) this.bytes.set(more, length);
  }

  /** An ASCII text. */
  appendText(text: string): void {
    const { bytes } = this;
    let { length } = this;
    for (let i = 0; i < text.length; i++) bytes[length++] = text.charCodeAt(i);
    this.length = length;
  }

  /** The UNIQ_KEY once more. */
  appendUniqueKey(): void {
    const { bytes, uniqueKeyEnd } = this;
    let { length } = this;
    for (let at = this.uniqueKeyAt; at < uniqueKeyEnd; at++) bytes[length++] = bytes[at] as number;
    this.length = length;
  }

  /** PGROUP is given. */
  get namesGroup(): boolean {
    return this.groupEnd > 0;
  }

  /** PGROUP, or what is known where it is not given; nearly always they are the same text. */
  group(known: string): string {
    const { bytes, groupAt, groupEnd } = this;
    if (groupEnd === 0) return known;
    if (groupEnd - groupAt !== known.length) return this.text(groupAt, groupEnd);
    for (let i = 0; i < known.length; i++) {
      if (bytes[groupAt + i] !== known.charCodeAt(i)) return this.text(groupAt, groupEnd);
    }
    return known;
  }

  toString(): string {
    return this.text(0, this.length);
  }

  private text(from: number, to: number): string {
    return this.bytes.toString('latin1', from, to);
  }

  private finish(entry: number, split: number, length: number): boolean {
    this.length = length;
    if (entry < length) {
      if (!this.enter(entry, split, length)) return false;
      this.bytes[this.length++] = ENTRY_END;
    }
    return true;
  }

  /** One entry: its name from `from`, KEY_END at `split`, its value up to `end`. */
  private enter(from: number, split: number, end: number): boolean {
    const { bytes } = this;
    const value = split + 1;
    switch (split - from) {
      case 4:
        if (isAt(TAGS, bytes, from)) this.tagsCode = javaHash(bytes, value, end, this.tagsCode);
        else if (isAt(WAIT, bytes, from)) return end - value === TRUE.length && isAt(TRUE, bytes, value);
        return true;
      case 5:
        return !isAt(DELAY, bytes, from);
      case 6:
        if (end > value && isAt(PGROUP, bytes, from)) {
          this.groupAt = value;
          this.groupEnd = end;
        }
        return true;
      case 8:
        if (end > value && isAt(UNIQ_KEY, bytes, from)) {
          this.uniqueKeyAt = value;
          this.uniqueKeyEnd = end;
        } else if (end > value && isAt(TRAN_MSG, bytes, from)) {
          return (this.isHalf = end - value === TRUE.length && isAt(TRUE, bytes, value));
        }
        return true;
      case 9:
        if (isAt(HALFMQ_TX, bytes, from)) this.transaction += this.text(from, end) + LAST;
        return true;
      case 14:
        return !isAt(BACKURL, bytes, from);
      case 16:
        return !isAt(CHECK_URL, bytes, from);
      case 30:
        if (isAt(IMMUNITY, bytes, from)) this.transaction += this.text(from, end) + LAST;
        return true;
      default:
        return split > from;
    }
  }
}

/** 1 or 2 when `\u0001` or `\u0002` lies there, else something else. */
function endMark(source: Buffer, at: number): number {
  const zeros =
    source[at + 1] === SMALL_U &&
    source[at + 2] === ZERO &&
    source[at + 3] === ZERO &&
    source[at + 4] === ZERO;
  return zeros ? (source[at + 5] as number) - ZERO : -1;
}

function isIrregular(bytes: Uint8Array, end: number): boolean {
  const word = IRREGULAR[bytes[end - 1] as number];
  return word !== undefined && end >= word.length && isAt(word, bytes, end - word.length);
}

function isAt(word: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** Of an empty value nothing is taken: the one before it, or none, stays. */
function javaHash(bytes: Uint8Array, from: number, end: number, otherwise: number): number {
  if (end === from) return otherwise;
  let hash = 0;
  for (let at = from; at < end; at++) hash = (Math.imul(31, hash) + (bytes[at] as number)) | 0;
  return hash;
}
