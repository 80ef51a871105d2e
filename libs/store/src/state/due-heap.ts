/** Fewer are never looked through for what has left. */
const LEAST_KEPT = 1024;

/**
 * Numbered things by the time they are due, earliest first, by number among equals: 16 bytes each. What is not due any
 * more is not taken out but passed over: `isCurrent` tells. When more than half may be such, all of them are taken out:
 * a time may lie years ahead.
 */
export class DueHeap {
  private times = new Float64Array(LEAST_KEPT);
  private names = new Float64Array(LEAST_KEPT);
  private count = 0;
  private mostKept = LEAST_KEPT;

  constructor(private readonly isCurrent: (name: number, at: number) => boolean) {}

  /** With those not due any more. */
  get length(): number {
    return this.count;
  }

  push(at: number, name: number): void {
    if (this.count >= this.mostKept) this.compact();
    if (this.count === this.times.length) this.grow();
    this.rise(this.count++, at, name);
  }

  private compact(): void {
    const { times, names, count } = this;
    this.count = 0;
    for (let from = 0; from < count; from++) {
      const at = times[from] as number;
      const name = names[from] as number;
      // what was looked at makes room for what is kept: never more than that
      if (this.isCurrent(name, at)) this.rise(this.count++, at, name);
    }
    this.mostKept = Math.max(LEAST_KEPT, this.count * 2);
  }

  private grow(): void {
    const { times, names } = this;
    this.times = new Float64Array(times.length * 2);
    this.names = new Float64Array(times.length * 2);
    this.times.set(times);
    this.names.set(names);
  }

  private rise(from: number, at: number, name: number): void {
    const { times, names } = this;
    let slot = from;
    while (slot > 0) {
      const above = (slot - 1) >>> 1;
      if (!this.isAfter(above, at, name)) break;
      times[slot] = times[above] as number;
      names[slot] = names[above] as number;
      slot = above;
    }
    times[slot] = at;
    names[slot] = name;
  }

  /** What lies in the slot comes after this. */
  private isAfter(slot: number, at: number, name: number): boolean {
    const time = this.times[slot] as number;
    return time > at || (time === at && (this.names[slot] as number) > name);
  }

  private removeFirst(): void {
    const { times, names } = this;
    const last = --this.count;
    const at = times[last] as number;
    const name = names[last] as number;
    let slot = 0;
    for (let below = 1; below < last; below = slot * 2 + 1) {
      const right = below + 1;
      if (right < last && this.isAfter(below, times[right] as number, names[right] as number)) below = right;
      if (this.isAfter(below, at, name)) break;
      times[slot] = times[below] as number;
      names[slot] = names[below] as number;
      slot = below;
    }
    times[slot] = at;
    names[slot] = name;
  }

  /** When the earliest is due. */
  nextAt(): number | undefined {
    while (this.count > 0) {
      const at = this.times[0] as number;
      if (this.isCurrent(this.names[0] as number, at)) return at;
      this.removeFirst();
    }
    return undefined;
  }

  /** Up to `limit` that are due at `now`, earliest first; they stay. */
  due(now: number, limit: number): number[] {
    const found = new Map<number, number>();
    while (found.size < limit) {
      const at = this.nextAt();
      if (at === undefined || at > now) break;
      found.set(this.names[0] as number, at);
      this.removeFirst();
    }
    for (const [name, at] of found) this.push(at, name);
    return [...found.keys()];
  }
}
