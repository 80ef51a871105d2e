/** Half messages whose check is due while nobody can answer it: group → topic → half-queue offsets. */
export class Unanswered {
  private readonly groups = new Map<string, Map<string, Set<number>>>();

  add(group: string, topic: string, halfOffset: number): void {
    const topics = this.groups.get(group) ?? new Map<string, Set<number>>();
    this.groups.set(group, topics);
    topics.set(topic, (topics.get(topic) ?? new Set<number>()).add(halfOffset));
  }

  remove(group: string, topic: string, halfOffset: number): void {
    const topics = this.groups.get(group);
    const offsets = topics?.get(topic);
    if (!topics || !offsets?.delete(halfOffset) || offsets.size > 0) return;
    topics.delete(topic);
    if (topics.size === 0) this.groups.delete(group);
  }

  has(group: string): boolean {
    return this.groups.has(group);
  }

  topicsOf(group: string): string[] {
    return [...(this.groups.get(group)?.keys() ?? [])];
  }

  /** Up to `limit` of them, the longest known first. */
  first(group: string, topic: string, limit: number): number[] {
    const first: number[] = [];
    for (const offset of this.groups.get(group)?.get(topic) ?? []) {
      if (first.length >= limit) break;
      first.push(offset);
    }
    return first;
  }
}
