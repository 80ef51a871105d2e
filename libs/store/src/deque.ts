/** A row that grows at its end and shrinks at its beginning, both without moving the rest each time. */
export class Deque<T> {
  /** what lies before `head` has left: its slots are emptied, so that nothing is kept alive */
  private items: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  /** undefined outside of the row, also for -1: what has left is never seen again */
  at(index: number): T | undefined {
    return index < 0 ? undefined : this.items[this.head + index];
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.items[this.head] = undefined;
    this.head++;
    if (this.head > 64 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Index of the last item for which `atOrBefore` holds (it holds for a beginning of the row); -1 without one. */
  floor(atOrBefore: (item: T) => boolean): number {
    let low = this.head;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.items[middle];
      if (item !== undefined && atOrBefore(item)) low = middle + 1;
      else high = middle;
    }
    return low - this.head - 1;
  }
}
