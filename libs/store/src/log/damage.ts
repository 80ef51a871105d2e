import type { Log } from '@halfmq/remoting/record';
import { BLOCK_HEADER, nextCrc, readBlockHeader } from './block.js';
import type { StoredBlock } from './segment.js';

/** Blocks remembered as whole. All are forgotten when they are more: each is read again for its checksum then. */
const MOST_KNOWN = 65_536;

/**
 * Whether blocks are what was written. A block's checksum is computed when it is first read from its segment; what does
 * not hold, or cannot be read at all, is said once and skipped by readers: everything around it is served.
 */
export class Damage {
  /** physical offset → length: a merged block begins where a small one began */
  private readonly whole = new Map<number, number>();
  private readonly damaged = new Set<string>();

  constructor(private readonly log: Log) {}

  /** Places found damaged since the store was opened. */
  get count(): number {
    return this.damaged.size;
  }

  isWhole({ physicalOffset, length, value }: StoredBlock): boolean {
    if (this.whole.get(physicalOffset) === length) return true;
    const header = readBlockHeader(value);
    if (header?.physicalOffset !== physicalOffset || !holds(header.crcBefore, header.crcAfter, value)) {
      this.report(`block at ${physicalOffset}`);
      return false;
    }
    if (this.whole.size === MOST_KNOWN) this.whole.clear();
    this.whole.set(physicalOffset, length);
    return true;
  }

  /** @param place what cannot be read; said once */
  report(place: string, error?: unknown): void {
    if (this.damaged.has(place)) return;
    this.damaged.add(place);
    this.log.error('the log is damaged: what cannot be read is skipped, everything else is served', {
      place,
      ...(error === undefined ? {} : { error }),
    });
  }
}

function holds(crcBefore: number, crcAfter: number, value: Buffer): boolean {
  return nextCrc(crcBefore, value.subarray(BLOCK_HEADER)) === crcAfter;
}
