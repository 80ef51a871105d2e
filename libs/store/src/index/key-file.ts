import { open, rename, writeFile } from 'node:fs/promises';
import { crc32c } from '@node-rs/crc32';
import { readLong, writeLong } from '@halfmq/remoting/record';
import { BUCKETS, bucketOf, type KeyRun } from './key-run.js';

/*
 * The keys of a sealed segment, in a file beside it: written once, never changed, unlinked with it. It says nothing the
 * log does not say, so it is not synced: one that is missing, torn, or of another segment is made again from the log.
 *
 *    0  magic           4    'HMQK', big-endian as all of the head
 *    4  format          4    1
 *    8  segment id      8    a segment that was built again has another one
 *   16  base            8    physical offset of the segment's first byte
 *   24  end             8    ... and after its last
 *   32  headCrc         4    CRC-32C of the 32 bytes before and of the directory
 *   36  directory       8    for each of 1,024 buckets: entries up to its end 4, CRC-32C of its entries 4
 *       entries         8    hash 4, physical offset - base 4, in the machine's byte order; by bucket, then by offset
 */
const MAGIC = 0x484d514b;
const FORMAT = 1;
const DIRECTORY_AT = 36;
const HEAD = DIRECTORY_AT + BUCKETS * 8;
const ENTRY = 8;

/** Which records a key file speaks of. */
export interface KeyFileName {
  readonly path: string;
  readonly segmentId: Buffer;
  readonly base: number;
  readonly end: number;
}

export const keyFileOf = (segmentPath: string): string => segmentPath.replace(/[.]mdb$/, '.keys');

type Turn = () => Promise<void>;

/** @param turn lets the event loop go on, between pieces of work of less than a millisecond */
export async function writeKeyFile(name: KeyFileName, run: KeyRun, turn: Turn): Promise<void> {
  const fresh = `${name.path}.new`;
  await writeFile(fresh, await encodeKeyFile(name, run, turn));
  await rename(fresh, name.path);
}

/** The same keys make the same bytes. */
export async function encodeKeyFile(name: KeyFileName, run: KeyRun, turn: Turn): Promise<Buffer> {
  const bytes = Buffer.alloc(HEAD + run.count * ENTRY);
  const ends = await scatter(run, bytes, turn);
  writeHead(name, bytes);
  let from = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const end = ends[bucket] ?? 0;
    const entries = bytes.subarray(HEAD + from * ENTRY, HEAD + end * ENTRY);
    bytes.writeUInt32BE(end, DIRECTORY_AT + bucket * 8);
    bytes.writeUInt32BE(crc32c(entries), DIRECTORY_AT + bucket * 8 + 4);
    from = end;
  }
  bytes.writeUInt32BE(headCrc(bytes), 32);
  return bytes;
}

/** Entries into their buckets. @returns where each bucket ends */
async function scatter(run: KeyRun, bytes: Buffer, turn: Turn): Promise<Uint32Array> {
  const entries = new Uint32Array(run.count * 2);
  const next = new Uint32Array(BUCKETS);
  for (let bucket = 1, begin = 0; bucket < BUCKETS; bucket++) {
    begin += run.perBucket[bucket - 1] ?? 0;
    next[bucket] = begin;
  }
  for (const chunk of run.chunks) {
    const length = run.lengthOf(chunk);
    for (let at = 0; at < length; at += 2) {
      const hash = chunk[at] ?? 0;
      const bucket = bucketOf(hash);
      const place = next[bucket] ?? 0;
      next[bucket] = place + 1;
      entries[place * 2] = hash;
      entries[place * 2 + 1] = chunk[at + 1] ?? 0;
    }
    await turn();
  }
  Buffer.from(entries.buffer).copy(bytes, HEAD);
  return next;
}

function writeHead({ segmentId, base, end }: KeyFileName, bytes: Buffer): void {
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(FORMAT, 4);
  segmentId.copy(bytes, 8);
  writeLong(bytes, 16, base);
  writeLong(bytes, 24, end);
}

function headCrc(bytes: Buffer): number {
  return crc32c(bytes.subarray(DIRECTORY_AT, HEAD), crc32c(bytes.subarray(0, 32)));
}

/** Physical offsets of this hash, ascending; undefined when there is no such file, or it is damaged. */
export async function readKeyFile(name: KeyFileName, hash: number): Promise<number[] | undefined> {
  const file = await open(name.path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const head = Buffer.alloc(HEAD);
    await file.read(head, 0, HEAD, 0);
    if (!namesSegment(head, name)) return undefined;
    const bucket = bucketOf(hash);
    const at = DIRECTORY_AT + bucket * 8;
    const from = bucket === 0 ? 0 : head.readUInt32BE(at - 8);
    const entries = new Uint32Array((head.readUInt32BE(at) - from) * 2);
    const bytes = Buffer.from(entries.buffer);
    await file.read(bytes, 0, bytes.length, HEAD + from * ENTRY);
    if (crc32c(bytes) !== head.readUInt32BE(at + 4)) return undefined;
    return offsetsOf(entries, hash, name.base);
  } finally {
    await file.close();
  }
}

/** Whether these are the bytes of a file of exactly these records. */
export function namesSegment(head: Buffer, { segmentId, base, end }: KeyFileName): boolean {
  return (
    head.length >= HEAD &&
    head.readUInt32BE(0) === MAGIC &&
    head.readUInt32BE(4) === FORMAT &&
    segmentId.equals(head.subarray(8, 16)) &&
    readLong(head, 16) === base &&
    readLong(head, 24) === end &&
    head.readUInt32BE(32) === headCrc(head)
  );
}

function offsetsOf(entries: Uint32Array, hash: number, base: number): number[] {
  const found: number[] = [];
  for (let at = 0; at < entries.length; at += 2) {
    if (entries[at] === hash) found.push(base + (entries[at + 1] ?? 0));
  }
  return found;
}
