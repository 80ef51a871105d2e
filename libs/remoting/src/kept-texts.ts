/** Slots at first, and of a column whose texts do not repeat. */
const FEW = 16;
const LONGEST_KEPT = 64;
const PRIME = 0x01000193;

/**
 * ASCII texts that came before, found by their bytes: comparing them is cheaper than a new string, and a string that is
 * known has its hash.
 */
export class KeptTexts {
  private slots = emptySlots(FEW);
  /** texts that took a slot since there are so many */
  private misses = 0;

  /** @param most slots: at that many the latest text takes the place of another */
  constructor(private readonly most = FEW) {}

  of(source: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length > LONGEST_KEPT || length === 0) return source.toString('latin1', from, to);
    let hash = length;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (source[at] as number), PRIME);
    const slot = slotOf(hash, this.slots.length);
    const kept = this.slots[slot] as string;
    if (isAt(kept, source, from, length)) return kept;
    const neighbour = this.slots[slot ^ 1] as string;
    if (isAt(neighbour, source, from, length)) return neighbour;
    return this.keep(slot, source.toString('latin1', from, to));
  }

  /** What was there goes one slot further: two that have one slot do not drive each other out. */
  private keep(slot: number, text: string): string {
    this.slots[slot ^ 1] = this.slots[slot] as string;
    this.slots[slot] = text;
    if (++this.misses > this.slots.length && this.slots.length < this.most) this.grow();
    return text;
  }

  private grow(): void {
    const { slots } = this;
    this.misses = 0;
    this.slots = emptySlots(slots.length * 4);
    for (const text of slots) {
      let hash = text.length;
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
      this.slots[slotOf(hash, this.slots.length)] = text;
    }
  }
}

function isAt(text: string, source: Buffer, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== source[from + i]) return false;
  return true;
}

/** The upper bits of a product are the mixed ones. */
function slotOf(hash: number, slots: number): number {
  return (hash ^ (hash >>> 15)) & (slots - 1);
}

function emptySlots(count: number): string[] {
  return Array.from({ length: count }, () => '');
}
