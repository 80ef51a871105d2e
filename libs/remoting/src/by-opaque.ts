/** How many places there are at first; always a power of two. */
const FIRST = 8;

/**
 * What waits for its answer, by opaque. The opaques of one connection follow each other, so each has the place its last bits
 * name, in a ring that grows with what waits at once; what waits for longer than a whole round of it (a held pull) makes
 * room and lies beside. All of it could be one Map, but a Map of V8 that is full of what was deleted leaves its table behind
 * and points from it to the next one, and once a table was promoted all that follow are, with all that was in them: a
 * request then costs an eighth more.
 */
export class ByOpaque<T extends { readonly opaque: number }> {
  private ring: (T | undefined)[] = places<T>(FIRST);
  private inRing = 0;
  private readonly beside = new Map<number, T>();

  get(opaque: number): T | undefined {
    const waiting = this.ring[this.placeOf(opaque)];
    return waiting?.opaque === opaque ? waiting : this.beside.get(opaque);
  }

  /** @param waiting with an opaque that is not here */
  add(waiting: T): void {
    const place = this.placeOf(waiting.opaque);
    const older = this.ring[place];
    if (older && this.inRing > this.ring.length / 2) {
      this.grow();
      return this.add(waiting);
    }
    if (older) this.beside.set(older.opaque, older);
    else this.inRing++;
    this.ring[place] = waiting;
  }

  take(opaque: number): T | undefined {
    const place = this.placeOf(opaque);
    const waiting = this.ring[place];
    if (waiting?.opaque === opaque) {
      this.ring[place] = undefined;
      this.inRing--;
      return waiting;
    }
    const older = this.beside.get(opaque);
    this.beside.delete(opaque);
    return older;
  }

  /** In no order. */
  all(): T[] {
    return [...this.ring.filter((one) => one !== undefined), ...this.beside.values()];
  }

  clear(): void {
    this.ring = places(FIRST);
    this.inRing = 0;
    this.beside.clear();
  }

  private grow(): void {
    const before = this.ring;
    this.ring = places(before.length * 2);
    this.inRing = 0;
    for (const one of before) if (one) this.add(one);
  }

  private placeOf(opaque: number): number {
    return opaque & (this.ring.length - 1);
  }
}

function places<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count });
}
