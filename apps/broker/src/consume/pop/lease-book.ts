import { DueHeap } from '@halfmq/store';

/** Messages of one queue that were handed out together, to one group. */
export interface Lease {
  readonly group: string;
  /** the topic they lie in: the group's pop retry topic for what came again */
  readonly topic: string;
  readonly queueId: number;
  /** ms since 1970 */
  readonly popTime: number;
  /** ms since 1970: when the newest of them was stored, where that is later. Store times never go back, a clock may. */
  readonly storedBy?: number | undefined;
  readonly invisibleMs: number;
  /** queue offsets, rising; at most 32 */
  readonly offsets: readonly number[];
  /** bit n: the nth is not done */
  open: number;
}

/** Which lease a receipt speaks of. */
export interface LeasePlace {
  readonly group: string;
  readonly topic: string;
  readonly queueId: number;
  /** first of its offsets */
  readonly start: number;
  readonly popTime: number;
}

/**
 * A lease as it is written down: queue, pop time, invisible ms, open bits, offsets as differences from the one before. With
 * a time by which they were stored: -1 - queue, that time, then as above.
 */
export type LeaseRow = readonly number[];

/** Queue offsets whose leases are written down together. */
const OFFSETS_A_PART = 1024;

/** Leases end together that are due within this time: never earlier, so much later at most. */
const TICK_MS = 100;

/**
 * What was handed out and is not done. A lease has one of two ends: every message of it is done, or its time is over and
 * those that are not come again.
 */
export class LeaseBook {
  /** group, 0, topic → part → queue, start, pop time → lease */
  private readonly byPlace = new Map<string, Map<string, Map<string, Lease>>>();
  /** by the tick in which their time is over */
  private readonly due = new Map<number, Set<Lease>>();
  private readonly ticks = new DueHeap((_, tick) => this.due.has(tick));

  /** Called when one is given: it may be the next to end. */
  given: () => void = () => undefined;

  /**
   * @param touched hears of every change, and in which part of a group and topic it is. A part has the leases of a stretch
   *   of a queue, so that of a hundred thousand leases only those near what has changed are written anew.
   */
  constructor(private readonly touched: (group: string, topic: string, part: string) => void) {}

  give(lease: Lease): void {
    const leases = this.beside(lease);
    const key = keyOf(lease.queueId, lease.offsets[0] ?? 0, lease.popTime);
    const before = leases.get(key);
    // the group's offset went back, and the clock too: no receipt finds the older one any more, so it comes again now
    if (before) {
      this.leave(before);
      this.await(before, lease.popTime);
    }
    leases.set(key, lease);
    this.await(lease, lease.popTime + lease.invisibleMs);
    this.touch(lease);
    this.given();
  }

  /** The leases of its part. */
  private beside({ group, topic, queueId, offsets: [start = 0] }: Lease): Map<string, Lease> {
    const full = fullName(group, topic);
    let parts = this.byPlace.get(full);
    if (!parts) this.byPlace.set(full, (parts = new Map<string, Map<string, Lease>>()));
    const part = partOf(queueId, start);
    let leases = parts.get(part);
    if (!leases) parts.set(part, (leases = new Map<string, Lease>()));
    return leases;
  }

  private touch({ group, topic, queueId, offsets: [start = 0] }: Lease): void {
    this.touched(group, topic, partOf(queueId, start));
  }

  /** A message is done. @returns false: nobody has it any more */
  done(place: LeasePlace, offset: number): boolean {
    const lease = this.find(place);
    const nth = lease?.offsets.indexOf(offset) ?? -1;
    if (!lease || !isOpen(lease, nth)) return false;
    this.end(lease, nth);
    return true;
  }

  /** See Lease. */
  storedBy(place: LeasePlace): number | undefined {
    return this.find(place)?.storedBy;
  }

  /** Is it still with whom it was handed out to? */
  holds(place: LeasePlace, offset: number): boolean {
    const lease = this.find(place);
    return lease !== undefined && isOpen(lease, lease.offsets.indexOf(offset));
  }

  /** The nth message of it is done, or comes again. */
  end(lease: Lease, nth: number): void {
    lease.open = (lease.open & ~(1 << nth)) >>> 0;
    if (lease.open === 0) this.remove(lease);
    this.touch(lease);
  }

  /**
   * Those whose time is over, the longest ago first; they are not told again unless they are put off. Receipts find them
   * until they end.
   * @param most messages; the last lease may go over it
   */
  takeDue(now: number, most: number): Lease[] {
    const over: Lease[] = [];
    let left = most;
    for (let tick = this.ticks.nextAt(); left > 0 && isOver(tick, now); tick = this.ticks.nextAt()) {
      const leases = this.due.get(tick);
      for (const lease of leases ?? []) {
        if (left <= 0) break;
        leases?.delete(lease);
        over.push(lease);
        left -= lease.offsets.length;
      }
      if (!leases?.size) this.due.delete(tick);
    }
    return over;
  }

  /** Its messages could not be brought back now. */
  putOff(lease: Lease, until: number): void {
    this.await(lease, until);
  }

  /** When the next one is due, ms since 1970. */
  nextDueAt(): number | undefined {
    const tick = this.ticks.nextAt();
    return tick === undefined ? undefined : tick * TICK_MS;
  }

  /** Messages a group has of a topic. */
  held(group: string, topic: string): number {
    let held = 0;
    for (const leases of this.byPlace.get(fullName(group, topic))?.values() ?? [])
      for (const { open } of leases.values()) held += bitsOf(open);
    return held;
  }

  forgetTopic(topic: string): void {
    for (const [full, parts] of this.byPlace) {
      if (!full.endsWith(fullName('', topic))) continue;
      for (const lease of [...parts.values()].flatMap((leases) => [...leases.values()])) this.forget(lease);
    }
  }

  /** Its messages are nobody's any more. */
  forget(lease: Lease): void {
    this.remove(lease);
    this.touch(lease);
  }

  rowsOf(group: string, topic: string, part: string): LeaseRow[] {
    return [...(this.byPlace.get(fullName(group, topic))?.get(part)?.values() ?? [])].map(rowOf);
  }

  restore(group: string, topic: string, rows: readonly LeaseRow[]): void {
    for (const row of rows) this.give(leaseOf(group, topic, row));
  }

  private find({ group, topic, queueId, start, popTime }: LeasePlace): Lease | undefined {
    const parts = this.byPlace.get(fullName(group, topic));
    return parts?.get(partOf(queueId, start))?.get(keyOf(queueId, start, popTime));
  }

  private await(lease: Lease, until: number): void {
    const tick = Math.ceil(until / TICK_MS);
    let leases = this.due.get(tick);
    if (!leases) {
      this.due.set(tick, (leases = new Set<Lease>()));
      this.ticks.push(tick, 0);
    }
    leases.add(lease);
  }

  private remove(lease: Lease): void {
    const { group, topic, queueId, offsets, popTime } = lease;
    const full = fullName(group, topic);
    const parts = this.byPlace.get(full);
    const part = partOf(queueId, offsets[0] ?? 0);
    const leases = parts?.get(part);
    const key = keyOf(queueId, offsets[0] ?? 0, popTime);
    if (leases?.get(key) === lease) leases.delete(key);
    if (leases?.size === 0) parts?.delete(part);
    if (parts?.size === 0) this.byPlace.delete(full);
    this.leave(lease);
  }

  /** Nobody waits for its time any more. */
  private leave(lease: Lease): void {
    const tick = Math.ceil((lease.popTime + lease.invisibleMs) / TICK_MS);
    const waiting = this.due.get(tick);
    waiting?.delete(lease);
    if (waiting?.size === 0) this.due.delete(tick);
  }
}

export const fullName = (group: string, topic: string): string => `${group}\0${topic}`;

export const isOpen = ({ open }: Pick<Lease, 'open'>, nth: number): boolean =>
  nth >= 0 && ((open >>> nth) & 1) === 1;

/** As many low bits as there are messages. */
export const allOpen = (count: number): number => (count >= 32 ? 0xffff_ffff : (1 << count) - 1);

const isOver = (tick: number | undefined, now: number): tick is number =>
  tick !== undefined && tick * TICK_MS <= now;

const partOf = (queueId: number, start: number): string => `${queueId}.${Math.floor(start / OFFSETS_A_PART)}`;

const keyOf = (queueId: number, start: number, popTime: number): string => `${queueId} ${start} ${popTime}`;

function bitsOf(open: number): number {
  let count = 0;
  for (let left = open; left !== 0; left = (left & (left - 1)) >>> 0) count++;
  return count;
}

function rowOf({ queueId, storedBy, popTime, invisibleMs, open, offsets }: Lease): LeaseRow {
  const differences = offsets.map((at, nth) => at - (offsets[nth - 1] ?? 0));
  const place = storedBy === undefined ? [queueId] : [-1 - queueId, storedBy];
  return [...place, popTime, invisibleMs, open, ...differences];
}

function leaseOf(group: string, topic: string, row: LeaseRow): Lease {
  const [first = 0, storedBy, ...rest] = row;
  if (first < 0) return { ...leaseOf(group, topic, [-1 - first, ...rest]), storedBy };
  const [queueId = 0, popTime = 0, invisibleMs = 0, open = 0, ...differences] = row;
  let last = 0;
  const offsets = differences.map((difference) => (last += difference));
  return { group, topic, queueId, popTime, invisibleMs, open, offsets };
}
