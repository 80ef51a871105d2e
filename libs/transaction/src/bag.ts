/**
 * A few things that come and go with every message, in no order, each once. Not a Set, for what a Set of V8 leaves behind:
 * see ByOpaque.
 */
export class Bag<T> {
  private readonly all: T[] = [];

  get size(): number {
    return this.all.length;
  }

  add(one: T): void {
    this.all.push(one);
  }

  has(one: T): boolean {
    return this.all.includes(one);
  }

  /** @returns whether it was there */
  delete(one: T): boolean {
    const place = this.all.lastIndexOf(one);
    if (place < 0) return false;
    const last = this.all.pop();
    if (last !== undefined && place < this.all.length) this.all[place] = last;
    return true;
  }

  /** As they are now: whoever goes through them may take some out. */
  values(): T[] {
    return [...this.all];
  }
}
