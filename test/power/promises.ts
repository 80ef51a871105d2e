/*
 * What a worker says while it works, as notes in the trace, one JSON object each. An `op` is said when it is placed,
 * before anything of it is written. `at` orders ops in the log: an op is in a log that ends at E when at < E.
 */
export type Fact =
  | {
      readonly is: 'record';
      readonly topic: string;
      readonly queue: number;
      readonly id: string;
      readonly size: number;
      readonly at?: number;
    }
  | { readonly is: 'half'; readonly half: number; readonly id: string; readonly at: number }
  | { readonly is: 'verdict'; readonly half: number; readonly kind: 'commit' | 'rollback' }
  | { readonly is: 'parked' | 'resumed'; readonly half: number }
  | { readonly is: 'waits' | 'delivered'; readonly id: string }
  | { readonly is: 'setting'; readonly name: string; readonly document?: string }
  | { readonly is: 'deleted'; readonly topic: string };

export interface Op {
  readonly n: number;
  readonly at: number;
  readonly facts: readonly Fact[];
}

export type Note =
  | ({ readonly say: 'op' } & Op)
  /** its callback was called without an error; early: it was not to wait for the disk */
  | { readonly say: 'answered'; readonly n: number; readonly early?: boolean }
  /** a flush or a close that began after op `n` has ended */
  | { readonly say: 'flushed' | 'closed'; readonly n: number }
  /** a store was opened and ends there; after another boot all it found is promised */
  | {
      readonly say: 'opened';
      readonly end: number;
      readonly sync: boolean;
      readonly afterPowerLoss: boolean;
      readonly newest: readonly string[];
    }
  | { readonly say: 'offset'; readonly group: string; readonly queue: number; readonly offset: number }
  /** after each turn: ms since 1970, and the oldest byte of the log */
  | { readonly say: 'turn'; readonly now: number; readonly begin: number };

/** Placed by a process that was killed before it had committed them. */
interface Ghosts {
  readonly from: number;
  readonly ops: readonly Op[];
}

export interface History {
  readonly ops: readonly Op[];
  readonly ghosts: readonly Ghosts[];
  readonly promised: number;
  readonly last: number;
  readonly now: number;
  readonly offsets: readonly (readonly [queue: number, offsets: readonly number[]])[];
  readonly surely: readonly (readonly [queue: number, offset: number])[];
}

/** What may and what must be found after a cut. Fed with notes in order. */
export class Promises {
  private ops: Op[] = [];
  private readonly byNumber = new Map<number, Op>();
  private readonly unsynced = new Map<number, { op: Op; answered: number }>();
  private sync = false;
  /** a log that ends before or at this has lost something promised */
  promised = -1;
  /** a killed process may not lose what is before this */
  answered = -1;
  /** highest n so far */
  last = -1;
  now = 1_700_000_000_000;
  begin = 0;
  /** of the one group and topic that have offsets, by queue: all there were, and what the last close left */
  readonly offsets = new Map<number, number[]>();
  readonly surely = new Map<number, number>();
  private readonly current = new Map<number, number>();
  private ghosts: Ghosts[] = [];
  isOpened = false;
  private readonly broken: string[] = [];

  take(note: Note, index: number): void {
    switch (note.say) {
      case 'op':
        this.ops.push(note);
        this.byNumber.set(note.n, note);
        this.last = note.n;
        return;
      case 'answered':
        return this.answer(note.n, index, note.early);
      case 'closed':
        for (const [queue, offset] of this.current) this.surely.set(queue, offset);
        return this.promise(this.byNumber.get(note.n)?.at ?? -1);
      case 'flushed':
        return this.promise(this.byNumber.get(note.n)?.at ?? -1);
      case 'opened':
        return this.opened(note);
      case 'offset':
        this.current.set(note.queue, note.offset);
        this.offsets.set(note.queue, [...(this.offsets.get(note.queue) ?? []), note.offset]);
        return;
      case 'turn':
        this.now = note.now;
        this.begin = note.begin;
        return;
      default:
        return note satisfies never;
    }
  }

  private answer(n: number, index: number, early = false): void {
    const op = this.byNumber.get(n);
    if (!op) return;
    this.answered = Math.max(this.answered, op.at);
    if (this.sync && !early) this.promise(op.at);
    else this.unsynced.set(n, { op, answered: index });
  }

  private promise(at: number): void {
    this.promised = Math.max(this.promised, at);
    for (const [n, { op }] of this.unsynced) if (op.at <= at) this.unsynced.delete(n);
  }

  /** All that was written before this entry of the trace is on the disk. */
  syncedBefore(index: number): void {
    for (const { op, answered } of this.unsynced.values()) if (answered < index) this.promise(op.at);
  }

  /**
   * Takes back what a killed process had begun to write, when it is that which is found: it was never answered, and may
   * come back where what was written over it later was not synced.
   */
  recall(ids: ReadonlySet<string>): void {
    const isFound = ({ facts }: Op): boolean =>
      facts.some((fact) => fact.is === 'record' && ids.has(fact.id));
    const found = this.ghosts.find(({ from, ops }) => from > this.promised && ops.some(isFound));
    if (!found) return;
    this.keep([...this.within(found.from), ...found.ops]);
    this.ghosts = this.ghosts.filter(({ from }) => from < found.from);
  }

  private keep(ops: Op[]): void {
    this.ops = ops;
    this.byNumber.clear();
    for (const op of ops) this.byNumber.set(op.n, op);
  }

  private opened({ end, sync, afterPowerLoss, newest }: Note & { say: 'opened' }): void {
    this.recall(new Set(newest));
    const least = afterPowerLoss ? this.promised : this.answered;
    if (end <= least) this.broken.push(`a store opened with a log that ends at ${end}, not after ${least}`);
    const gone = this.ops.filter(({ at }) => at >= end);
    this.ghosts = afterPowerLoss ? [] : [...this.ghosts, { from: end, ops: gone }];
    this.keep(this.within(end));
    this.unsynced.clear();
    this.current.clear();
    this.isOpened = true;
    this.sync = sync;
    this.answered = end - 1;
    if (afterPowerLoss) this.promised = end - 1;
  }

  /** What the next trace begins with, when the power goes now. */
  handOver(): History {
    return {
      ops: this.ops,
      ghosts: this.ghosts,
      promised: this.promised,
      last: this.last,
      now: this.now,
      offsets: [...this.offsets],
      surely: [...this.surely],
    };
  }

  static from(history: History): Promises {
    const promises = new Promises();
    promises.keep([...history.ops]);
    promises.ghosts = [...history.ghosts];
    promises.promised = promises.answered = history.promised;
    promises.last = history.last;
    promises.now = history.now;
    for (const [queue, offsets] of history.offsets) promises.offsets.set(queue, [...offsets]);
    for (const [queue, offset] of history.surely) promises.surely.set(queue, offset);
    return promises;
  }

  /** What is wrong with the trace itself. */
  get complaints(): readonly string[] {
    return this.broken;
  }

  /** In the order of the log, those of a log that ends there. */
  within(end: number): Op[] {
    return this.ops.filter(({ at }) => at < end);
  }
}
