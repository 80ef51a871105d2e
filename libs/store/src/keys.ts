import { writeLong } from '@halfmq/remoting/record';

/*
 * Every key of a segment; nobody else builds keys. Numbers are big-endian, so LMDB's byte order is their order.
 *
 *   H                              segment header (log/segment-header.ts)
 *   T                              queue table as of the segment's start (log/queue-table.ts)
 *   E                              uint32 epoch: raised at each open for writing and after each failed commit
 *   N  queue number uint32         a queue that began in this segment: queue id int32, topic
 *   X  queue number uint32         a queue that ended in this segment (its topic was deleted)
 *   B  physical offset int64       a block (log/block.ts), by the offset of its first record byte
 *   B  physical offset int64, 1    a block made of that one and its neighbours (log/merge.ts)
 *   I                              int64 end of the records that the index which follows is of; without, there is none
 *   I  queue number uint32, queue offset int64     index entries of that queue and of those after it
 *                                  (index/packed-index.ts), by the first one
 *   Q  queue number uint32, queue offset int64     index entries (index/entries.ts), by the offset of the first one; only
 *                                  read, in segments of format 1
 *
 * and of the state environment (state/):
 *
 *   A                              int64 applied offset: everything before it is in here
 *   u  half offset / 32 int64      undecided half messages (state/half-pages.ts)
 *   h  half offset int64           one of them as JSON; only read: what u replaced before the first release
 *   v  half offset / 128 int64     128 verdict slots of 16 bytes (state/verdicts.ts)
 *   r  half offset int64           a verdict's reason, when one was given
 *   n  half offset int64           the name of the operator who decided, when it was given
 *   d  deliver at int64, physical offset int64     a delayed message
 *   D                              int64, how many these are
 *   m  physical offset int64     where the record that had this offset lies now, int64
 *   s  kind, 0, name               a setting
 *   o  group, 0, topic             consumer offsets
 *   l  group, 0, topic, 0, part    leases on messages that were handed out, in the words of who gives them; without a
 *                                  part it ends with the topic
 */
export const HEADER_KEY = Buffer.from('H');
export const TABLE_KEY = Buffer.from('T');
export const EPOCH_KEY = Buffer.from('E');
export const INDEXED_KEY = Buffer.from('I');
/** After all keys of an index. */
export const PACKED_END = Buffer.from('J');
export const APPLIED_KEY = Buffer.from('A');
export const DELAYED_COUNT_KEY = Buffer.from('D');

/** Prefix, then up to two numbers. A fresh buffer: may be kept. */
export function longKey(prefix: string, first: number, second?: number): Buffer {
  const key = Buffer.allocUnsafe(second === undefined ? 9 : 17);
  key.write(prefix, 0, 'latin1');
  writeLong(key, 1, first);
  if (second !== undefined) writeLong(key, 9, second);
  return key;
}

/** With Q: before the queue's first index key. */
export function queueKey(prefix: 'N' | 'X' | 'Q', number: number): Buffer {
  const key = Buffer.allocUnsafe(5);
  key.write(prefix, 0, 'latin1');
  key.writeUInt32BE(number, 1);
  return key;
}

export function blockKey(physicalOffset: number): Buffer {
  return longKey('B', physicalOffset);
}

/** Also the greatest key of a block that begins there or before. */
export function mergedBlockKey(physicalOffset: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key[0] = 0x42;
  writeLong(key, 1, physicalOffset);
  key[9] = 1;
  return key;
}

export function indexKey(queue: number, offset: number): Buffer {
  return entryKey('Q', queue, offset);
}

export function packedKey(queue: number, offset: number): Buffer {
  return entryKey('I', queue, offset);
}

function entryKey(prefix: 'Q' | 'I', queue: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(13);
  key.write(prefix, 0, 'latin1');
  key.writeUInt32BE(queue, 1);
  writeLong(key, 5, offset);
  return key;
}

export function nameKey(prefix: 's' | 'o', first: string, second: string): Buffer {
  return longNameKey(prefix, `${first}\0${second}`);
}

/** @param names with a 0 between them */
export function longNameKey(prefix: 's' | 'o' | 'l', names: string): Buffer {
  return Buffer.from(prefix + names);
}

/** The first key after all that begin with `prefix`. */
export function afterPrefix(prefix: string): Buffer {
  return Buffer.from([prefix.charCodeAt(0) + 1]);
}
