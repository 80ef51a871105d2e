import { LITE_PREFIX, LITE_SEPARATOR, SysFlag } from '@halfmq/remoting/record';
import { HALF_TOPIC } from '../system-topics.js';

/*
 * Which keys a record is found by: UNIQ_KEY and each blank-separated part of KEYS, as in RocketMQ, and of a half message
 * the id of its transaction (HALFMQ_TX). The hash is
 * murmur3 (32 bits) of the key, seeded with that of the topic; of a lite topic, with that of the topic it is one of. Java's string hash of `topic#key`, which RocketMQ takes,
 * lies close together for keys that differ in their last characters; ours never leaves the broker, and its upper bits
 * choose a bucket. Records are compared with what is asked for, so a collision costs one read.
 *
 * Everything is read from the record's bytes, a word at a time and without making strings: what a send costs here is
 * most of what the index costs.
 */
const ENTRY_END = 0x02;
const ENTRY_ENDS = 0x02020202;
const KEY_END = 0x01;
const BLANK = 0x20;
/** `UNIQ`, `_KEY` and `KEYS` as words */
const UNIQ = 0x554e4951;
const UNIQ_REST = 0x5f4b4559;
const KEYS = 0x4b455953;
/** `HALF`, `MQ_T` and `X` with KEY_END behind it */
const HALF = 0x48414c46;
const HALF_REST = 0x4d515f54;
const HALF_END = 0x5801;
/** `%LMQ` and `%$`, and what is between topic and lite topic */
const LITE = 0x254c4d51;
const LITE_REST = 0x2524;
const LITE_END = 0x24;
const SHORTEST_ENTRY = 'KEYS'.length + 2;
const BODY_LENGTH_AT = 84;
const LONGER_HOST = 12;
const V2_LAST_BYTE = 0xab;

/** Takes the hash of a key and the physical offset of its record. */
export interface KeySink {
  add(hash: number, physicalOffset: number): void;
}

export function keyHash(topic: string, key: string): number {
  return hashText(key, hashText(keyTopicOf(topic), 0));
}

/** The topic under which a topic's messages are found by key. */
export function keyTopicOf(topic: string): string {
  if (!topic.startsWith(LITE_PREFIX)) return topic;
  return topic.slice(LITE_PREFIX.length).split(LITE_SEPARATOR, 1)[0] ?? '';
}

/** A topic whose name has the same hash has a few keys more in the index. */
const HALF_SEED = hashText(HALF_TOPIC, 0);

function hashText(text: string, seed: number): number {
  const bytes = Buffer.from(text);
  return murmur3(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, seed);
}

/** The keys of the record that begins at `at`. @throws RangeError when what is there is no record */
export function hashKeys(
  view: DataView,
  at: number,
  size: number,
  physicalOffset: number,
  into: KeySink,
): void {
  const end = at + size;
  const topicLengthAt = bodyEnd(view, at);
  const v2 = view.getUint8(at + 7) === V2_LAST_BYTE;
  const topicAt = topicLengthAt + (v2 ? 2 : 1);
  const topicEnd = topicAt + (v2 ? view.getUint16(topicLengthAt) : view.getUint8(topicLengthAt));
  const seed = topicSeed(view, topicAt, topicEnd);
  const isHalf = seed === HALF_SEED;
  // each of these names comes once: what lies behind them, as a rule what the broker added, is not looked at
  let missing = isHalf ? 3 : 2;
  for (let entry = topicEnd + 2; missing > 0 && entry + SHORTEST_ENTRY <= end;) {
    const next = entryEnd(view, entry, end);
    const word = view.getUint32(entry);
    if (word === UNIQ && isUniqueKey(view, entry, next)) {
      into.add(murmur3(view, entry + 9, next, seed), physicalOffset);
      missing--;
    } else if (word === KEYS && view.getUint8(entry + 4) === KEY_END) {
      hashParts(view, entry + 5, next, seed, physicalOffset, into);
      missing--;
    } else if (isHalf && word === HALF && isTransactionId(view, entry, next)) {
      into.add(murmur3(view, entry + 10, next, seed), physicalOffset);
      missing--;
    }
    entry = next + 1;
  }
}

function topicSeed(view: DataView, from: number, end: number): number {
  const isLite =
    end - from >= LITE_PREFIX.length &&
    view.getUint32(from) === LITE &&
    view.getUint16(from + 4) === LITE_REST;
  if (!isLite) return murmur3(view, from, end, 0);
  let at = from + LITE_PREFIX.length;
  while (at < end && view.getUint8(at) !== LITE_END) at++;
  return murmur3(view, from + LITE_PREFIX.length, at, 0);
}

function bodyEnd(view: DataView, at: number): number {
  const sysFlag = view.getInt32(at + 36);
  let lengthAt = at + BODY_LENGTH_AT;
  if ((sysFlag & SysFlag.BORN_HOST_V6) !== 0) lengthAt += LONGER_HOST;
  if ((sysFlag & SysFlag.STORE_HOST_V6) !== 0) lengthAt += LONGER_HOST;
  return lengthAt + 4 + view.getInt32(lengthAt);
}

function isUniqueKey(view: DataView, entry: number, next: number): boolean {
  return entry + 9 < next && view.getUint32(entry + 4) === UNIQ_REST && view.getUint8(entry + 8) === KEY_END;
}

function isTransactionId(view: DataView, entry: number, next: number): boolean {
  return (
    entry + 10 < next && view.getUint32(entry + 4) === HALF_REST && view.getUint16(entry + 8) === HALF_END
  );
}

function hashParts(
  view: DataView,
  from: number,
  end: number,
  seed: number,
  physicalOffset: number,
  into: KeySink,
): void {
  let part = from;
  for (let at = from; at <= end; at++) {
    if (at < end && view.getUint8(at) !== BLANK) continue;
    if (at > part) into.add(murmur3(view, part, at, seed), physicalOffset);
    part = at + 1;
  }
}

/** Where the 0x02 after this entry is; `end` when there is none. */
function entryEnd(view: DataView, from: number, end: number): number {
  let at = from;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true) ^ ENTRY_ENDS;
    // the lowest bit set marks the first byte that is zero
    const zeros = (word - 0x01010101) & ~word & 0x80808080;
    if (zeros !== 0) return at + ((31 - Math.clz32(zeros & -zeros)) >>> 3);
  }
  while (at < end && view.getUint8(at) !== ENTRY_END) at++;
  return at;
}

function murmur3(view: DataView, from: number, end: number, seed: number): number {
  let hash = seed | 0;
  let at = from;
  for (; at + 4 <= end; at += 4) {
    hash ^= scrambled(view.getInt32(at, true));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let last = end - 1; last >= at; last--) rest = (rest << 8) | view.getUint8(last);
  if (at < end) hash ^= scrambled(rest);
  hash ^= end - from;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scrambled(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
