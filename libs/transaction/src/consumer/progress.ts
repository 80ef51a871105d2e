/**
 * How far one queue is handled: what was taken from it and is not finished. The offset to commit is that of the first
 * unfinished message, so a kill repeats finished ones that lie behind it, and never loses one.
 */
export class Progress {
  /** offset → bytes, in the order of offsets because they are pulled in that order */
  private readonly open = new Map<number, number>();
  private openBytes = 0;
  private last = -1;

  /** @param next where to pull from */
  constructor(private next: number) {}

  /** Takes in what one pull found. @param next where the following pull begins */
  pulled(messages: readonly { readonly offset: number; readonly bytes: number }[], next: number): void {
    for (const { offset, bytes } of messages) {
      this.open.set(offset, bytes);
      this.openBytes += bytes;
      this.last = offset;
    }
    this.next = next;
  }

  finished(offset: number): void {
    this.openBytes -= this.open.get(offset) ?? 0;
    this.open.delete(offset);
  }

  get nextOffset(): number {
    return this.next;
  }

  get committable(): number {
    return this.first ?? this.next;
  }

  get count(): number {
    return this.open.size;
  }

  get bytes(): number {
    return this.openBytes;
  }

  /** From the first unfinished to the last taken. */
  get span(): number {
    return this.first === undefined ? 0 : this.last - this.first;
  }

  private get first(): number | undefined {
    return this.open.keys().next().value;
  }
}
