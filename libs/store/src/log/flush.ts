import type { Mark } from '../mark.js';
import { StoreError } from '../message-store.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

/**
 * Our own fdatasync of segments that were written to. A failed one is final: the kernel may have dropped the pages it
 * could not write, so nobody can know any more what is on the disk, and only a restart reads it again.
 */
export class Flush {
  private readonly dirty = new Set<Segment>();
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  /** physical offsets: end of what was committed, and of what is surely on the disk */
  private written: number;
  private synced: number;
  failure: StoreError | undefined;

  constructor(
    private readonly segments: Segments,
    private readonly mark: Mark,
    end: number,
    private readonly onFailure: (error: StoreError) => void,
  ) {
    this.written = end;
    this.synced = end;
    // a killed process may have left them unsynced, sealed ones too
    for (const segment of segments.after(mark.synced)) {
      if (mark.found === 'clean' && segment === segments.current) continue;
      this.dirty.add(segment);
      this.synced = Math.min(this.synced, segment.header.base);
    }
  }

  get isDirty(): boolean {
    return this.dirty.size > 0;
  }

  /** Bytes of the log that a power loss may take. */
  get unsyncedBytes(): number {
    return this.written - this.synced;
  }

  /** @param end physical offset after what was committed to it */
  touch(segment: Segment, end = this.written): void {
    this.dirty.add(segment);
    this.written = end;
  }

  /** Resolves when a sync that begins from now on has ended. @throws StoreError failed */
  sync(): Promise<void> {
    if (this.next) return this.next;
    if (!this.running) return this.begin();
    const begin = (): Promise<void> => {
      this.next = undefined;
      return this.begin();
    };
    this.next = this.running.then(begin, begin);
    return this.next;
  }

  private begin(): Promise<void> {
    const running = this.run().finally(() => {
      this.running = undefined;
    });
    this.running = running;
    return running;
  }

  private async run(): Promise<void> {
    if (this.failure) throw this.failure;
    const segments = [...this.dirty];
    this.dirty.clear();
    const { written } = this;
    const sealed = this.segments.sealedThrough;
    try {
      await this.segments.syncFolder();
      // one that was unlinked meanwhile is not missed
      for (const segment of segments) if (this.segments.all.includes(segment)) await segment.sync();
    } catch (cause) {
      const detail = 'the disk refused to sync: nothing is stored any more until the broker is restarted';
      this.failure = new StoreError('failed', detail, { cause });
      this.onFailure(this.failure);
      throw this.failure;
    }
    this.synced = written;
    // a mark that cannot be written, on a full disk for one, only makes a recovery read more
    await this.mark.sealed(sealed).catch(() => undefined);
  }
}
