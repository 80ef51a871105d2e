/**
 * Of which producer groups and topics half messages wait because nobody could be asked: group → topic → half offset before
 * which none of them does. Which ones they are is in their rows (HalfLedger.unasked): there may be a million.
 */
export class Unanswered {
  private readonly groups = new Map<string, Map<string, number>>();

  add(group: string, topic: string, halfOffset: number): void {
    const topics = this.groups.get(group) ?? new Map<string, number>();
    this.groups.set(group, topics);
    topics.set(topic, Math.min(topics.get(topic) ?? Infinity, halfOffset));
  }

  /** They were looked at up to this half offset; undefined: all of them. */
  passed(group: string, topic: string, next: number | undefined): void {
    const topics = this.groups.get(group);
    if (next !== undefined) topics?.set(topic, next);
    else if (topics?.delete(topic) && topics.size === 0) this.groups.delete(group);
  }

  has(group: string): boolean {
    return this.groups.has(group);
  }

  /** Topics, and where to look from. */
  topicsOf(group: string): (readonly [topic: string, from: number])[] {
    return [...(this.groups.get(group) ?? [])];
  }
}
