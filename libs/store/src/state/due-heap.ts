interface Due<T> {
  readonly at: number;
  readonly order: number;
  readonly item: T;
}

/** Fewer are never looked through for what has left. */
const LEAST_KEPT = 1024;

/**
 * Things by the time they are due, earliest first, in order of being added among equals. What is not due any more is
 * not taken out but passed over: `isCurrent` tells. When more than half may be such, all of them are taken out: a time
 * may lie years ahead.
 */
export class DueHeap<T> {
  private heap: Due<T>[] = [];
  private added = 0;
  private mostKept = LEAST_KEPT;

  constructor(private readonly isCurrent: (item: T, at: number) => boolean) {}

  /** With those not due any more. */
  get length(): number {
    return this.heap.length;
  }

  push(at: number, item: T): void {
    if (this.heap.length >= this.mostKept) this.compact();
    this.sift({ at, order: this.added++, item });
  }

  private compact(): void {
    const current = this.heap.filter(({ item, at }) => this.isCurrent(item, at));
    this.heap = [];
    for (const due of current) this.sift(due);
    this.mostKept = Math.max(LEAST_KEPT, current.length * 2);
  }

  private sift(due: Due<T>): void {
    const { heap } = this;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = heap[above];
      if (!parent || !before(due, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  private pop(): Due<T> | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (first && last && heap.length > 0) this.sink(last);
    return first;
  }

  private sink(due: Due<T>): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      const left = heap[at * 2 + 1];
      const right = heap[at * 2 + 2];
      const least = left && right && before(right, left) ? right : left;
      if (!least || !before(least, due)) break;
      heap[at] = least;
      at = least === left ? at * 2 + 1 : at * 2 + 2;
    }
    heap[at] = due;
  }

  /** When the earliest is due. */
  nextAt(): number | undefined {
    for (;;) {
      const [first] = this.heap;
      if (!first || this.isCurrent(first.item, first.at)) return first?.at;
      this.pop();
    }
  }

  /** Up to `limit` that are due at `now`, earliest first; they stay. */
  due(now: number, limit: number): T[] {
    const taken: Due<T>[] = [];
    while (taken.length < limit) {
      const at = this.nextAt();
      if (at === undefined || at > now) break;
      const next = this.pop();
      if (next) taken.push(next);
    }
    for (const due of taken) this.sift(due);
    return [...new Set(taken.map(({ item }) => item))];
  }
}

function before<T>(a: Due<T>, b: Due<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
