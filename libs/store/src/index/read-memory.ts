/**
 * Answers of pulls come to some ten KiB. A page holds one or a few: a reader that is slow keeps it from all others, so
 * that a larger one would be held for less.
 */
const PAGE = 64 * 1024;
/** Pages kept to be filled again. */
const MOST_IDLE = 32;

class Page {
  used = 0;
  /** who was given a piece of it and has not given it back */
  readers = 0;
  readonly bytes: Buffer;

  constructor(bytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytes);
  }
}

/**
 * What readers are given is copied here, record after record. A record is small and what follows it in its block as a
 * rule of other queues, so that copying is cheaper than a socket write of pieces; and the memory of blocks is filled
 * again whatever readers keep. A page is, too, once all who were given a piece of it gave it back. Who does not, because
 * he keeps what he read or his connection broke, costs a page that is collected when it is not referred to any more.
 */
export class ReadMemory {
  private page = new Page(0);
  private readonly idle: Page[] = [];

  /** A page with room for at least so much, and from where on. */
  room(bytes: number): Page {
    if (this.page.bytes.length - this.page.used >= bytes) return this.page;
    // what is larger gets memory of its own, which is not kept
    if (bytes > PAGE) return new Page(bytes);
    this.page = this.idle.pop() ?? new Page(PAGE);
    return this.page;
  }

  giveBack(page: Page): void {
    if (--page.readers > 0) return;
    page.used = 0;
    if (page !== this.page && page.bytes.length === PAGE && this.idle.length < MOST_IDLE)
      this.idle.push(page);
  }
}

/** What one reader is given. */
export class Copied {
  readonly pieces: Buffer[] = [];
  private pages: Page[] = [];
  private page: Page | undefined;
  private from = 0;

  constructor(private readonly memory: ReadMemory) {}

  add(source: Buffer, from: number, end: number): void {
    const length = end - from;
    let { page } = this;
    if (!page || page.bytes.length - page.used < length) page = this.turn(length);
    source.copy(page.bytes, page.used, from, end);
    page.used += length;
  }

  private turn(bytes: number): Page {
    this.end();
    const page = this.memory.room(bytes);
    page.readers++;
    this.pages.push(page);
    this.page = page;
    this.from = page.used;
    return page;
  }

  /** Nothing more is added. */
  end(): void {
    const { page } = this;
    if (page && page.used > this.from) this.pieces.push(page.bytes.subarray(this.from, page.used));
    this.page = undefined;
  }

  /** The pieces are not looked at any more. Safe to call again. */
  readonly giveBack = (): void => {
    for (const page of this.pages) this.memory.giveBack(page);
    this.pages = [];
  };
}
