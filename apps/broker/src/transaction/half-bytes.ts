import { PropertyName, SysFlag, type FrameText, type RecordView } from '@halfmq/remoting';
import type { PlainFinal } from '@halfmq/store';

/*
 * What a half message becomes, read from its record's bytes: `finalMessage` without a string. A half message ends with
 * what `halfMessage` gave it:
 *
 *   ... \u0002 __transactionId__ \u0001 KEY \u0002 REAL_TOPIC \u0001 TOPIC \u0002 REAL_QID \u0001 n \u0002
 *
 * Its last two entries leave; nothing else changes. One that looks different, waits once it is committed, or has letters
 * beyond ASCII in its tags, goes the general way.
 */

const ENTRY_END = 2;
const ZERO = 0x30;
const MOST_DIGITS = 9;
const FIRST_NON_ASCII = 0x80;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const TRANSACTION_ID = bytesOf(`\u0002${PropertyName.TRANSACTION_ID}\u0001`);
const REAL_TOPIC = bytesOf(`\u0002${PropertyName.REAL_TOPIC}\u0001`);
const REAL_QID = bytesOf(`\u0002${PropertyName.REAL_QID}\u0001`);
const TAGS = bytesOf('TAGS\u0001');
/** Beginnings of names that make a message wait, or would have to be taken out. */
const IRREGULAR = ['DELAY', 'TIMER_', 'REAL_'].map(bytesOf);

/** One final message; one object, filled again for each. */
export class FinalFromBytes implements PlainFinal {
  topic = '';
  queueId = 0;
  sysFlag = 0;
  preparedTransactionOffset = 0;
  propertyLength = 0;
  tagsCode = 0;

  constructor(readonly half: RecordView) {}

  /**
   * @param topic of the half message
   * @param key what its verdict calls it
   * @returns false: it is for the general way
   */
  read(topic: string, key: Pick<FrameText, 'length' | 'isAt'>, physicalOffset: number): boolean {
    const { source, propertiesAt, sysFlag } = this.half;
    const digitsAt = this.readQueueId();
    const topicAt = digitsAt - REAL_QID.length - topic.length;
    const keyAt = topicAt - REAL_TOPIC.length - key.length;
    const idAt = keyAt - TRANSACTION_ID.length;
    if (idAt < propertiesAt || !isAt(source, digitsAt - REAL_QID.length, REAL_QID)) return false;
    if (!isTextAt(source, topicAt, topic) || !isAt(source, topicAt - REAL_TOPIC.length, REAL_TOPIC))
      return false;
    if (!key.isAt(source, keyAt) || !isAt(source, idAt, TRANSACTION_ID)) return false;
    this.topic = topic;
    this.sysFlag = (sysFlag & ~SysFlag.TRANSACTION_MASK) | SysFlag.TRANSACTION_COMMIT;
    this.preparedTransactionOffset = physicalOffset;
    // with the 0x02 that the REAL_TOPIC looked for begins with
    this.propertyLength = topicAt - REAL_TOPIC.length + 1 - propertiesAt;
    return this.readTags(idAt + 1);
  }

  /** @returns where its digits begin; 0 when it does not end so */
  private readQueueId(): number {
    const { source, end } = this.half;
    let value = 0;
    let power = 1;
    let at = end - 2;
    for (; at >= end - 1 - MOST_DIGITS; at--) {
      const digit = (source[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value += digit * power;
      power *= 10;
    }
    this.queueId = value;
    return source[end - 1] === ENTRY_END && power > 1 ? at + 1 : 0;
  }

  /** Looks through the entries before `end`. @returns false: it is for the general way */
  private readTags(end: number): boolean {
    const { source, propertiesAt } = this.half;
    this.tagsCode = 0;
    for (let at = propertiesAt; at < end; at++) {
      const name = at;
      while (source[at] !== ENTRY_END && at < end) at++;
      if (isAt(source, name, TAGS) && !this.readTag(name + TAGS.length, at)) return false;
      for (const irregular of IRREGULAR) if (isAt(source, name, irregular)) return false;
    }
    return true;
  }

  private readTag(from: number, end: number): boolean {
    const { source } = this.half;
    let hash = 0;
    let seen = 0;
    for (let at = from; at < end; at++) {
      hash = (Math.imul(hash, 31) + (source[at] as number)) | 0;
      seen |= source[at] as number;
    }
    // of an empty one nothing is taken
    if (end > from) this.tagsCode = hash;
    return seen < FIRST_NON_ASCII;
  }
}

function isAt(source: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (source[at + i] !== bytes[i]) return false;
  return true;
}

function isTextAt(source: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (source[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
