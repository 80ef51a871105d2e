import { allOpen, fullName, isOpen } from './lease-book.js';

/** A queue as a group reads it in order. */
export interface OrderedPlace {
  readonly group: string;
  readonly topic: string;
  readonly queueId: number;
}

/** What of a queue is out: while one of it is neither done nor due again, nothing else of the queue is handed out. */
interface Batch {
  readonly offsets: readonly number[];
  /** where the queue goes on when all are done */
  readonly next: number;
  readonly popTime: number;
  readonly attemptId: string | undefined;
  /** by message: when it may be handed out again, ms since 1970 */
  readonly visibleAt: number[];
  /** by message: how often it was handed out before */
  readonly counts: number[];
  /** bit n: the nth is not done */
  open: number;
}

/** What a pop has found in a queue. */
export interface Found {
  readonly offsets: readonly number[];
  readonly next: number;
  readonly popTime: number;
  readonly invisibleMs: number;
  readonly attemptId: string | undefined;
}

/** A batch as it is written down. */
export type OrderedRow = readonly [queueId: number, batch: Omit<Batch, 'attemptId'> & { attemptId?: string }];

/**
 * Ordered pops (RocketMQ's ConsumerOrderInfoManager). The group's offset in the queue moves when the messages before it are
 * all done, so what is not done comes again from the queue itself, with a higher count.
 *
 *   free ── popped ──▶ out ── all done ──▶ free, behind them
 *                       └── what is not done is visible again, or the same attempt asks again ──▶ popped once more
 */
export class OrderedBook {
  /** group, 0, topic → queue id → what is out */
  private readonly batches = new Map<string, Map<number, Batch>>();

  constructor(private readonly touched: (group: string, topic: string) => void) {}

  /** Until when nothing of the queue may be handed out; undefined: it may now. */
  blockedUntil(place: OrderedPlace, now: number, attemptId: string | undefined): number | undefined {
    const batch = this.find(place);
    if (!batch || batch.open === 0) return undefined;
    if (attemptId !== undefined && attemptId === batch.attemptId) return undefined;
    const until = Math.max(...batch.visibleAt.filter((_, nth) => isOpen(batch, nth)));
    return until > now ? until : undefined;
  }

  /** What lies between messages that are not done is not handed out again. */
  isDone(place: OrderedPlace, offset: number): boolean {
    const batch = this.find(place);
    const nth = batch?.offsets.indexOf(offset) ?? -1;
    return batch !== undefined && nth >= 0 && !isOpen(batch, nth);
  }

  /** They are handed out. @returns by message: how often that was so before */
  give(place: OrderedPlace, { offsets, next, popTime, invisibleMs, attemptId }: Found): number[] {
    const before = this.find(place);
    const counts = offsets.map((offset) => {
      const nth = before?.offsets.indexOf(offset) ?? -1;
      return nth < 0 ? 0 : (before?.counts[nth] ?? 0) + 1;
    });
    const visibleAt = offsets.map(() => popTime + invisibleMs);
    const open = allOpen(offsets.length);
    this.keep(place, { offsets, next, popTime, attemptId, visibleAt, counts, open });
    return counts;
  }

  /**
   * One is done.
   * @returns the group's new offset in the queue, undefined: as it was; 'unknown' for what is not out, 'late' for what was
   *   handed out once more since
   */
  done(place: OrderedPlace, offset: number, popTime: number): number | undefined | 'unknown' | 'late' {
    const batch = this.find(place);
    const nth = batch?.offsets.indexOf(offset) ?? -1;
    if (!batch || nth < 0) return 'unknown';
    if (batch.popTime !== popTime) return 'late';
    batch.open = (batch.open & ~(1 << nth)) >>> 0;
    this.touched(place.group, place.topic);
    const first = batch.offsets.findIndex((_, each) => isOpen(batch, each));
    if (first > 0) return batch.offsets[first];
    if (first === 0) return undefined;
    this.free(place);
    return batch.next;
  }

  /**
   * @param uncounted it was handed out in vain: it is not counted
   * @returns when it is visible again; undefined: it is not out under this pop time
   */
  change(
    place: OrderedPlace,
    offset: number,
    popTime: number,
    visibleAt: number,
    uncounted = false,
  ): number | undefined {
    const batch = this.find(place);
    const nth = batch?.offsets.indexOf(offset) ?? -1;
    if (!batch || batch.popTime !== popTime || !isOpen(batch, nth)) return undefined;
    batch.visibleAt[nth] = visibleAt;
    if (uncounted) batch.counts[nth] = (batch.counts[nth] ?? 0) - 1;
    this.touched(place.group, place.topic);
    return visibleAt;
  }

  /** Nothing of the queue is out any more. */
  free({ group, topic, queueId }: OrderedPlace): void {
    const queues = this.batches.get(fullName(group, topic));
    queues?.delete(queueId);
    if (queues?.size === 0) this.batches.delete(fullName(group, topic));
    this.touched(group, topic);
  }

  forgetTopic(topic: string): void {
    const end = fullName('', topic);
    for (const [full, queues] of this.batches) {
      if (!full.endsWith(end)) continue;
      const group = full.slice(0, -end.length);
      for (const queueId of queues.keys()) this.free({ group, topic, queueId });
    }
  }

  held(group: string, topic: string): number {
    let held = 0;
    for (const batch of this.batches.get(fullName(group, topic))?.values() ?? [])
      held += batch.offsets.filter((_, nth) => isOpen(batch, nth)).length;
    return held;
  }

  rowsOf(group: string, topic: string): OrderedRow[] {
    return [...(this.batches.get(fullName(group, topic)) ?? [])].map(([queueId, { attemptId, ...batch }]) => [
      queueId,
      attemptId === undefined ? batch : { ...batch, attemptId },
    ]);
  }

  restore(group: string, topic: string, rows: readonly OrderedRow[]): void {
    for (const [queueId, { attemptId, ...batch }] of rows)
      this.keep({ group, topic, queueId }, { ...batch, attemptId });
  }

  private find({ group, topic, queueId }: OrderedPlace): Batch | undefined {
    return this.batches.get(fullName(group, topic))?.get(queueId);
  }

  private keep({ group, topic, queueId }: OrderedPlace, batch: Batch): void {
    const full = fullName(group, topic);
    let queues = this.batches.get(full);
    if (!queues) this.batches.set(full, (queues = new Map<number, Batch>()));
    queues.set(queueId, batch);
    this.touched(group, topic);
  }
}
