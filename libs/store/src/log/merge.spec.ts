import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { silentLog, viewOf } from '@halfmq/remoting/record';
import { bodies, message, readAll, store, StoreFixture } from '../fixture.js';
import { openStore } from '../open-store.js';
import { BLOCK_HEADER, firstCrc, pageBytes, valueLength } from './block.js';
import { Group } from './group.js';
import { Merge } from './merge.js';
import { salvage } from './page-scan.js';
import { encodeQueueTable } from './queue-table.js';
import type { Segment } from './segment.js';
import { Segments } from './segments.js';
import { writeGroup } from './write-group.js';

const STORE_ID = '00'.repeat(16);
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A segment with blocks of these many record bytes, and a disk that syncs when it is told to. */
class Blocks {
  readonly path = mkdtempSync(join(tmpdir(), 'halfmq-merge-'));
  private readonly segments = Segments.load(this.path, 1024 * 1024, STORE_ID);
  readonly segment: Segment = this.segments.roll(1000, 0, encodeQueueTable([], 0), 1);
  private crc = firstCrc(this.segment.header.segmentId);
  private bytes = Buffer.alloc(0);
  private synced: (() => void) | undefined;
  private merge = this.newMerge();

  private newMerge(): Merge {
    const flush = {
      touch: () => undefined,
      sync: () => new Promise<void>((resolve) => (this.synced = resolve)),
    };
    const filling = { shrank: () => undefined };
    const log = silentLog;
    const { segments } = this;
    return new Merge({
      log,
      segmentBytes: 8 * 16 * 1024,
      segments,
      flush,
      filling,
      epoch: () => 2,
      hasRoom: () => true,
    });
  }

  add(length: number): void {
    const physicalOffset = 1000 + this.bytes.length;
    const slab = Buffer.alloc(valueLength(length));
    slab.fill(`${physicalOffset} `, BLOCK_HEADER, BLOCK_HEADER + length);
    this.bytes = Buffer.concat([this.bytes, slab.subarray(BLOCK_HEADER, BLOCK_HEADER + length)]);
    const group = new Group(physicalOffset);
    group.blocks.push({ slab, view: viewOf(slab), at: 0, physicalOffset, length, room: length });
    this.crc = writeGroup(group, this.segment, 1, this.crc);
    this.merge.committed({ blocks: group.blocks, queues: [] });
  }

  /** The turns a merge takes when nothing holds it. */
  async settle(): Promise<void> {
    for (let each = 0; each < 10; each++) await turn();
  }

  async sync(): Promise<void> {
    this.synced?.();
    this.synced = undefined;
    await this.settle();
  }

  /** As after a kill. */
  async restart(): Promise<void> {
    const closed = this.merge.close();
    this.synced?.();
    await closed;
    this.merge = this.newMerge();
  }

  get count(): number {
    return this.segment.blockKeysFrom(0, 10_000).length;
  }

  /** What a power loss leaves, and what readers find. */
  expectWhole(): void {
    const file = salvage(this.segment.path);
    const salvaged = Buffer.concat([...(file?.blocks() ?? [])].map(({ records }) => records));
    file?.close();
    expect(salvaged.equals(this.bytes)).toBe(true);
    for (let offset = 0; offset < this.bytes.length; offset += 997) {
      const block = this.segment.blockAt(1000 + offset);
      const at = BLOCK_HEADER + 1000 + offset - (block?.physicalOffset ?? 0);
      expect(block?.value[at]).toBe(this.bytes[offset]);
    }
  }

  async end(): Promise<void> {
    await this.restart();
    await this.segments.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

describe('small blocks', () => {
  it('are merged, are removed only after a sync, and the log is whole at every step', async () => {
    const lengths = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(3000) }, fc.nat(30_000)), {
      minLength: 20,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(lengths, fc.boolean(), async (all, killed) => {
        const blocks = new Blocks();
        try {
          for (const length of all) blocks.add(length + 1);
          await blocks.settle();
          expect(blocks.count).toBeGreaterThanOrEqual(all.length);
          blocks.expectWhole();
          if (killed) {
            await blocks.restart();
            blocks.expectWhole();
            for (let each = 0; each < 3; each++) blocks.add(1000);
            await blocks.settle();
          }
          await blocks.sync();
          blocks.expectWhole();
          await blocks.sync();
          blocks.expectWhole();
          for (const length of all) blocks.add(length + 1);
          await blocks.settle();
          blocks.expectWhole();
        } finally {
          await blocks.end();
        }
      }),
      { numRuns: 6 },
    );
  });

  it('that a killed process left beside the merged one are removed by the next', async () => {
    const blocks = new Blocks();
    for (let each = 0; each < 200; each++) blocks.add(400);
    await blocks.settle();
    expect(blocks.count).toBe(201);
    await blocks.restart();
    blocks.add(400);
    await blocks.settle();
    await blocks.sync();
    expect(blocks.count).toBeLessThan(60);
    blocks.expectWhole();
    await blocks.end();
  });
});

it('leaves a whole chain where a merged block and the first it stands for are looked at in two turns', async () => {
  const blocks = new Blocks();
  for (let each = 0; each < 187; each++) blocks.add(17_000);
  for (const length of [2000, 2000, 17_000, ...Array.from({ length: 60 }, () => 2000)]) blocks.add(length);
  await blocks.settle();
  await blocks.restart();
  blocks.add(2000);
  await blocks.settle();
  await blocks.sync();
  // into the pages of what was removed
  for (let each = 0; each < 40; each++) blocks.add(2000);
  blocks.expectWhole();
  await blocks.end();
});

describe('messages that come one at a time', () => {
  let fixture: StoreFixture;
  beforeEach(() => {
    fixture = new StoreFixture();
  });
  afterEach(() => fixture.end());

  it('take little more room than their records, are read as before, and survive a power loss', async () => {
    const small = { segmentBytes: 4 * 1024 * 1024 };
    let opened = await fixture.open(small);
    const wanted: string[][] = [[], [], []];
    const offsets: number[] = [];
    for (let each = 0; each < 1000; each++) {
      const body = `${each}-${'x'.repeat(300)}`;
      wanted[each % 3]?.push(body);
      const [place] = await store(opened, message('a', body, { queueId: each % 3 }));
      offsets.push(place?.physicalOffset ?? -1);
      // small blocks stay until the disk has the merged one, and a disk may be slow
      if (each % 50 === 0) await opened.flush();
    }
    const file = join(fixture.path, 'log/0000000001.mdb');
    expect(statSync(file).blocks * 512).toBeLessThan((1000 * pageBytes(400)) / 2);
    await opened.flush();
    const copy = mkdtempSync(join(tmpdir(), 'halfmq-merged-'));
    cpSync(fixture.path, copy, { recursive: true, filter: (name) => !name.endsWith('lock') });
    await opened.close();
    opened = await fixture.open(small);
    for (let queueId = 0; queueId < 3; queueId++) {
      expect(bodies(readAll(opened, 'a', queueId))).toEqual(wanted[queueId]);
    }
    for (const [each, offset] of offsets.entries()) {
      expect(opened.recordAt(offset)?.includes(`${each}-xxx`)).toBe(true);
    }
    const mark = join(copy, 'mark.json');
    writeFileSync(mark, JSON.stringify({ ...JSON.parse(readFileSync(mark, 'utf8')), boot: 'another' }));
    const rebuilt = await openStore(fixture.options({ ...small, path: copy }));
    for (let queueId = 0; queueId < 3; queueId++) {
      expect(bodies(readAll(rebuilt, 'a', queueId))).toEqual(wanted[queueId]);
    }
    await rebuilt.close();
    rmSync(copy, { recursive: true, force: true });
  });
});
