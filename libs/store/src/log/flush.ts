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
  failure: StoreError | undefined;

  constructor(
    private readonly segments: Segments,
    private readonly mark: Mark,
    private readonly onFailure: (error: StoreError) => void,
  ) {}

  get isDirty(): boolean {
    return this.dirty.size > 0;
  }

  touch(segment: Segment): void {
    this.dirty.add(segment);
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
    const sealed = (this.segments.current?.sequence ?? 0) - 1;
    try {
      await this.segments.syncFolder();
      for (const segment of segments) await segment.sync();
    } catch (cause) {
      const detail = 'the disk refused to sync: nothing is stored any more until the broker is restarted';
      this.failure = new StoreError('failed', detail, { cause });
      this.onFailure(this.failure);
      throw this.failure;
    }
    // a mark that cannot be written, on a full disk for one, only makes a recovery read more
    await this.mark.sealed(sealed).catch(() => undefined);
  }
}
