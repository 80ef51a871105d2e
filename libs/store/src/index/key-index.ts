import { rm } from 'node:fs/promises';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeRecord,
  PropertyName,
  propertyOf,
  SMALLEST_RECORD,
  storeTimeOf,
  type Log,
  type MessageRecord,
} from '@halfmq/remoting/record';
import type { LogReader } from '../log/log-reader.js';
import type { BlockView } from '../log/recent-blocks.js';
import type { Queues } from '../log/queues.js';
import type { Segment } from '../log/segment.js';
import type { Segments } from '../log/segments.js';
import { StoreError, type KeyLimits, type KeyRange } from '../message-store.js';
import { HALF_TOPIC } from '../system-topics.js';
import type { ConsumeQueues } from './consume-queues.js';
import { hashKeys, keyHash, keyTopicOf } from './key-hash.js';
import { keyFileOf, readKeyFile, writeKeyFile, type KeyFileName } from './key-file.js';
import { KeyRun } from './key-run.js';

/** Log bytes indexed in one turn of the event loop: a sixth of a millisecond, and what was just written is still cached. */
const SLICE = 256 * 1024;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export interface KeyIndexParts {
  readonly log: Log;
  readonly segments: Segments;
  readonly reader: LogReader;
  readonly queues: Queues;
  readonly consumeQueues: ConsumeQueues;
  /** end of the committed log */
  readonly committed: () => number;
}

/**
 * Messages by key. It follows the log a little behind: nothing of it is on the way of a send, and a query first catches
 * up. The keys of the segment it is in are in memory; of a sealed one they lie in a file beside it. Both are made from
 * records alone, so a kill or a power loss costs nothing but making them again: what is missing is made when somebody
 * asks.
 */
export class KeyIndex {
  private run: KeyRun;
  private followed: Segment | undefined;
  /** everything before it, from the followed segment's first byte on, is in `run` */
  private at: number;
  private scheduled: NodeJS.Immediate | undefined;
  /** runs of sealed segments that are not in a file yet */
  private readonly unwritten = new Map<Segment, KeyRun>();
  /** sealed segments that are being read because their file is missing */
  private readonly making = new Map<Segment, Promise<KeyRun>>();
  private readonly writing = new Set<Promise<void>>();
  /** a segment could not be read: whoever asks is told */
  private stuck = false;
  private closed = false;

  constructor(private readonly parts: KeyIndexParts) {
    const { segments } = parts;
    removeStrangers(segments);
    this.followed = segments.current;
    this.at = this.followed?.header.base ?? 0;
    this.run = new KeyRun(this.at);
  }

  /** After each commit. */
  grew(): void {
    if (this.scheduled || this.stuck || this.closed || this.behind < SLICE) return;
    this.scheduled = setImmediate(() => {
      this.scheduled = undefined;
      try {
        // a turn may bring more than a slice: what comes faster is followed faster
        this.follow(this.at + Math.max(SLICE, this.behind / 2));
        this.grew();
      } catch (error) {
        this.stuck = true;
        this.parts.log.error('the key index cannot follow the log, it is tried again when somebody asks', {
          error,
        });
      }
    });
  }

  private get behind(): number {
    return this.parts.committed() - this.at;
  }

  /** Indexes on, to the first block that ends at or after `to`. */
  private follow(to: number): void {
    const end = Math.min(to, this.parts.committed());
    while (this.at < end) {
      const segment = this.parts.segments.holding(this.at);
      if (segment && segment !== this.followed) this.begin(segment);
      this.at = this.add(this.run, this.at);
    }
  }

  /** The segment before is sealed. */
  private begin(segment: Segment): void {
    const { followed, run } = this;
    if (followed) this.write(followed, run, segment.header.base);
    this.followed = segment;
    this.run = new KeyRun(segment.header.base);
  }

  /** @returns the end of the block that holds `at`; of what is unlinked or damaged the beginning of the next one */
  private add(run: KeyRun, at: number): number {
    const { reader, committed, log } = this.parts;
    try {
      const block = reader.blockInPassing(at);
      if (!block) return reader.afterDamage(at, committed());
      hashBlock(block, at, run);
      return block.physicalOffset + block.records.length;
    } catch (error) {
      log.error('a damaged segment has no keys', { physicalOffset: at, error });
      return this.parts.segments.all.find(({ header }) => header.base > at)?.header.base ?? committed();
    }
  }

  private write(segment: Segment, run: KeyRun, end: number): void {
    this.unwritten.set(segment, run);
    const writing = this.toFile(segment, run, end)
      .catch((error: unknown) => {
        this.parts.log.warn('a key file could not be written, it is made again when somebody asks', {
          path: keyFileOf(segment.path),
          error,
        });
      })
      .finally(() => {
        this.unwritten.delete(segment);
        this.writing.delete(writing);
      });
    this.writing.add(writing);
  }

  private async toFile(segment: Segment, run: KeyRun, end: number): Promise<void> {
    const name = keyFileName(segment, end);
    await writeKeyFile(name, run, turn);
    // retention may have been faster
    if (!this.parts.segments.all.includes(segment)) await rm(name.path, { force: true });
  }

  /**
   * The newest messages of this key (UNIQ_KEY, or one of KEYS), newest first. Between segments the event loop goes on,
   * and files are read off it.
   */
  async query(topic: string, key: string, range: KeyRange, limits: KeyLimits): Promise<Buffer[]> {
    await this.catchUp();
    const hash = keyHash(topic, key);
    const before = range.before ?? Infinity;
    const found: Buffer[] = [];
    let bytes = 0;
    for (const segment of this.within(range)) {
      const offsets = await this.offsetsIn(segment, hash);
      this.check();
      // twice in one message's KEYS, twice among the hashes
      for (const offset of new Set(offsets.toReversed())) {
        if (found.length >= limits.maxMessages) return found;
        const record = offset < before ? this.matching(offset, topic, key, range) : undefined;
        if (!record) continue;
        if (found.length > 0 && bytes + record.length > limits.maxBytes) return found;
        found.push(record);
        bytes += record.length;
      }
    }
    return found;
  }

  private async catchUp(): Promise<void> {
    const wanted = this.parts.committed();
    this.check();
    while (this.at < wanted) {
      this.follow(this.at + SLICE);
      await turn();
      this.check();
    }
    this.stuck = false;
  }

  private check(): void {
    if (this.closed) throw new StoreError('closed', 'the store is closed');
  }

  /** Segments that may hold records of this range, newest first. */
  private within({ from, to, before = Infinity }: KeyRange): Segment[] {
    const { all } = this.parts.segments;
    return all
      .filter(({ header }, index) => {
        const newest = all[index + 1]?.header.createdAt ?? Infinity;
        return header.createdAt <= to && newest >= from && header.base < before;
      })
      .toReversed();
  }

  private async offsetsIn(segment: Segment, hash: number): Promise<number[]> {
    const inMemory = segment === this.followed ? this.run : this.unwritten.get(segment);
    if (inMemory) return inMemory.offsetsOf(hash);
    const { all } = this.parts.segments;
    const end = all[all.indexOf(segment) + 1]?.header.base;
    // begun, or unlinked, since the query came
    if (end === undefined || !all.includes(segment)) return [];
    const inFile = await readKeyFile(keyFileName(segment, end), hash);
    return inFile ?? (await this.made(segment, end)).offsetsOf(hash);
  }

  private made(segment: Segment, end: number): Promise<KeyRun> {
    const made = this.making.get(segment) ?? this.make(segment, end);
    this.making.set(segment, made);
    return made.finally(() => this.making.delete(segment));
  }

  private async make(segment: Segment, end: number): Promise<KeyRun> {
    const run = new KeyRun(segment.header.base);
    for (let at = run.base; at < end && !this.closed;) {
      for (const slice = Math.min(end, at + SLICE); at < slice;) at = this.add(run, at);
      await turn();
    }
    if (!this.closed) this.write(segment, run, end);
    return run;
  }

  /** The record, when it is what was asked for and not of a topic that was deleted since. */
  private matching(offset: number, topic: string, key: string, { from, to }: KeyRange): Buffer | undefined {
    const { reader, queues, consumeQueues } = this.parts;
    const bytes = reader.recordAt(offset);
    if (!bytes) return undefined;
    const storedAt = storeTimeOf(bytes);
    const record = decodeRecord(bytes);
    if (storedAt < from || storedAt > to) return undefined;
    if (record.topic !== topic && keyTopicOf(record.topic) !== topic) return undefined;
    if (!hasKey(record, key)) return undefined;
    const queue = queues.find(record.topic, record.queueId);
    return queue && consumeQueues.placeOf(queue, record.queueOffset) === offset ? bytes : undefined;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearImmediate(this.scheduled);
    await Promise.allSettled([...this.making.values(), ...this.writing]);
  }
}

/** Keys of the records from `from` on. @throws RangeError when they are none */
function hashBlock({ records, physicalOffset }: BlockView, from: number, run: KeyRun): void {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  for (let at = from - physicalOffset; at < records.length;) {
    const size = view.getInt32(at);
    hashKeys(view, at, size, physicalOffset + at, run);
    at += Math.max(size, SMALLEST_RECORD);
  }
}

function hasKey({ topic, properties }: MessageRecord, key: string): boolean {
  if (propertyOf(properties, PropertyName.UNIQ_KEY) === key) return true;
  if (topic === HALF_TOPIC && propertyOf(properties, PropertyName.HALFMQ_TX) === key) return true;
  return propertyOf(properties, PropertyName.KEYS)?.split(' ').includes(key) ?? false;
}

function keyFileName({ path, header }: Segment, end: number): KeyFileName {
  return { path: keyFileOf(path), segmentId: header.segmentId, base: header.base, end };
}

/** Files half written by a killed process, and files of segments that are gone. */
function removeStrangers({ path, all }: Segments): void {
  const known = new Set(all.map((segment) => keyFileOf(segment.path)));
  for (const name of readdirSync(path)) {
    const file = join(path, name);
    if (/[.]keys([.]new)?$/.test(name) && !known.has(file)) rmSync(file, { force: true });
  }
}
