import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRecords, silentLog } from '@halfmq/remoting/record';
import { bodies, message, readAll, store, StoreFixture } from '../fixture.js';
import { PAGE_HEADER, PAGE_SIZE, readBlockHeader } from './block.js';

const SMALL = { segmentBytes: 1024 * 1024 };
const OVERFLOW = 4;

/** Segment files as they lie on the disk, for whoever wants to damage them. */
class SegmentBytes {
  private readonly file: string;
  private readonly bytes: Buffer;

  constructor(path: string, sequence: number) {
    this.file = join(path, 'log', `000000000${sequence}.mdb`);
    this.bytes = readFileSync(this.file);
  }

  /** A block that lies there alone, from its first byte on. */
  block(index: number): { bytes: Buffer; physicalOffset: number; length: number } {
    let found = 0;
    for (let page = 2; page * PAGE_SIZE < this.bytes.length; page++) {
      const bytes = this.bytes.subarray(page * PAGE_SIZE + PAGE_HEADER);
      const header = readBlockHeader(bytes);
      if (header && found++ === index) return { bytes, ...header };
    }
    throw new Error(`no block ${index}`);
  }

  metas(): Buffer[] {
    return [0, 1].map((page) => this.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE));
  }

  /** Pages of LMDB's tree. */
  trees(): Buffer[] {
    const trees: Buffer[] = [];
    for (let page = 2; page * PAGE_SIZE < this.bytes.length;) {
      const bytes = this.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
      const isOverflow = bytes.readUInt16LE(18) === OVERFLOW;
      if (!isOverflow) trees.push(bytes);
      page += isOverflow ? bytes.readUInt32LE(20) : 1;
    }
    return trees;
  }

  write(): void {
    writeFileSync(this.file, this.bytes);
  }
}

describe('a damaged segment', () => {
  let fixture: StoreFixture;
  const said: unknown[] = [];
  const log = { ...silentLog, error: (...line: unknown[]) => void said.push(line) };

  beforeEach(async () => {
    fixture = new StoreFixture();
    said.length = 0;
    const opened = await fixture.open(SMALL);
    for (let group = 0; group < 60; group++) {
      await store(
        opened,
        ...Array.from({ length: 20 }, (_, each) =>
          message('a', `${group * 20 + each} ${'x'.repeat(3000)}`, { queueId: each % 2 }),
        ),
      );
    }
    await opened.close();
  });
  afterEach(() => fixture.end());

  it('loses the messages of the block that is damaged, says so once, and serves everything else', async () => {
    const segment = new SegmentBytes(fixture.path, 2);
    const { bytes, physicalOffset, length } = segment.block(3);
    const lost = decodeRecords(Buffer.from(bytes.subarray(48, 48 + length)));
    bytes[48 + length / 2] = (bytes[48 + length / 2] ?? 0) ^ 1;
    segment.write();
    const opened = await fixture.open({ ...SMALL, log });
    for (const times of [1, 2]) {
      const found = [0, 1].flatMap((queueId) => bodies(readAll(opened, 'a', queueId)));
      expect([times, found.length]).toEqual([times, 1200 - lost.length]);
      expect(found).not.toContain(lost[0]?.body.toString());
    }
    expect(opened.recordAt(physicalOffset)).toBeUndefined();
    expect(opened.damaged).toBe(1);
    expect(said).toHaveLength(1);
    const [first] = lost;
    const { queueOffset = 0, queueId = 0 } = first ?? {};
    const limits = { maxMessages: 5, maxBytes: 1e6 };
    expect(opened.read('a', queueId, queueOffset, limits)).toMatchObject({ status: 'FOUND', count: 5 });
    await store(opened, message('a', 'goes on'));
  });

  it('whose header is damaged is skipped too', async () => {
    const segment = new SegmentBytes(fixture.path, 2);
    const { bytes } = segment.block(3);
    bytes.fill(0xff, 0, 48);
    segment.write();
    const opened = await fixture.open({ ...SMALL, log });
    expect([0, 1].flatMap((queueId) => readAll(opened, 'a', queueId)).length).toBe(1180);
    expect(opened.damaged).toBe(1);
  });

  it.each([
    ['zeros', 0],
    ['ones', 0xff],
  ])('whose trees are overwritten with %s is passed over: its neighbours are served', async (_, byte) => {
    const segment = new SegmentBytes(fixture.path, 2);
    for (const tree of segment.trees()) tree.fill(byte);
    segment.write();
    const opened = await fixture.open({ ...SMALL, log });
    const found = [0, 1].flatMap((queueId) => bodies(readAll(opened, 'a', queueId)));
    expect(found.length).toBeGreaterThan(700);
    expect(found.length).toBeLessThan(1200);
    expect(found[0]).toMatch(/^0 x/);
    expect(opened.damaged).toBeGreaterThan(0);
    expect(bodies(readAll(opened, 'a', 1)).at(-1)).toMatch(/^1199 x/);
  });

  it('of whose tree any page is damaged never ends the process: its neighbours are served', async () => {
    const whole = new SegmentBytes(fixture.path, 2);
    const pages = [...whole.metas(), ...whole.trees()];
    const damages: ((page: Buffer, round: number) => void)[] = [
      (page, round) => page.fill(randomBytes(17 + round)),
      (page) => randomBytes(40).copy(page, 16),
      (page, round) => page.fill(0xff, 16 + ((round * 7) % 300)),
      (page, round) => (page[18 + ((round * 13) % 120)] = round),
    ];
    for (let round = 0; round < 12; round++) {
      const page = pages[round % pages.length] ?? Buffer.alloc(0);
      const before = Buffer.from(page);
      damages[(round >> 1) % damages.length]?.(page, round);
      whole.write();
      const opened = await fixture.open({ ...SMALL, log });
      const found = [0, 1].flatMap((queueId) => bodies(readAll(opened, 'a', queueId)));
      expect([round, found.length > 700]).toEqual([round, true]);
      await opened.close();
      before.copy(page);
      whole.write();
    }
  });
});
