import type { TakenMessage } from './taken-message.js';

/** What was pulled of a queue and not yet handed out, and which of it may be handed out now. */
export interface Waiting {
  /** whether something may be handed out now */
  readonly ready: boolean;
  add(messages: readonly TakenMessage[]): void;
  /**
   * The next ones to be handled together, `most` at most; empty when none may be now. One that has failed before is given
   * alone, so that it cannot take others with it. Each is ended with `finished` or `putBack`.
   */
  next(most: number): TakenMessage[];
  finished(taken: TakenMessage): void;
  /** Not finished: they come before all others that wait. @param taken of one hand-out, in the order of offsets */
  putBack(taken: readonly TakenMessage[]): void;
  /** @returns what was not handed out */
  clear(): TakenMessage[];
}

function together(waiting: TakenMessage[], most: number): TakenMessage[] {
  const failed = waiting.slice(0, most).findIndex(({ message }) => message.reconsumeTimes > 0);
  return waiting.splice(0, failed < 0 ? most : Math.max(failed, 1));
}

/** Each message by itself. */
export class InAnyOrder implements Waiting {
  private readonly waiting: TakenMessage[] = [];

  get ready(): boolean {
    return this.waiting.length > 0;
  }

  add(messages: readonly TakenMessage[]): void {
    this.waiting.push(...messages);
  }

  next(most: number): TakenMessage[] {
    return together(this.waiting, most);
  }

  finished(): void {
    // nothing has waited for it
  }

  putBack(taken: readonly TakenMessage[]): void {
    this.waiting.unshift(...taken);
  }

  clear(): TakenMessage[] {
    return this.waiting.splice(0);
  }
}

interface Lane {
  readonly waiting: TakenMessage[];
  /** handed out and neither finished nor put back */
  out: number;
}

/**
 * Messages of one key one after the other, keys beside each other.
 *
 *   FREE ── next ─▶ HELD       nothing more of the key is handed out
 *    ▲                │
 *    └────────────────┘ the last one handed out was finished, or put back
 *
 * A message that failed stays handed out until it may be tried again, and holds up its key alone.
 */
export class InOrder implements Waiting {
  private readonly lanes = new Map<string, Lane>();
  /** lanes that are free and have something, the one that waits longest first */
  private readonly free = new Set<Lane>();

  constructor(private readonly keyOf: (taken: TakenMessage) => string) {}

  get ready(): boolean {
    return this.free.size > 0;
  }

  add(messages: readonly TakenMessage[]): void {
    for (const taken of messages) {
      const key = this.keyOf(taken);
      let lane = this.lanes.get(key);
      if (!lane) this.lanes.set(key, (lane = { waiting: [], out: 0 }));
      lane.waiting.push(taken);
      if (lane.out === 0) this.free.add(lane);
    }
  }

  next(most: number): TakenMessage[] {
    const [lane] = this.free;
    if (!lane) return [];
    this.free.delete(lane);
    const taken = together(lane.waiting, most);
    lane.out = taken.length;
    return taken;
  }

  finished(taken: TakenMessage): void {
    this.back(this.keyOf(taken), []);
  }

  putBack(taken: readonly TakenMessage[]): void {
    const [first] = taken;
    if (first) this.back(this.keyOf(first), taken);
  }

  clear(): TakenMessage[] {
    const waited = [...this.lanes.values()].flatMap(({ waiting }) => waiting);
    this.lanes.clear();
    this.free.clear();
    return waited;
  }

  private back(key: string, again: readonly TakenMessage[]): void {
    const lane = this.lanes.get(key);
    if (!lane) return;
    lane.waiting.unshift(...again);
    lane.out -= Math.max(again.length, 1);
    if (lane.out > 0) return;
    if (lane.waiting.length > 0) this.free.add(lane);
    else this.lanes.delete(key);
  }
}
