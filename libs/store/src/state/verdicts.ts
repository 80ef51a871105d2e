import { readLong, writeLong } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type { Verdict } from '../message-store.js';
import type { Change, StateEnvironment } from './state-environment.js';

/*
 * Verdicts of decided half messages, 128 slots a page, in memory (those not yet written) as in the state environment:
 *   kind 1 (0 none, 1 commit, 2 rollback), by 1 (1 producer, 2 check, 3 operator), 6 unused, at 8 (ms since 1970)
 * A reason, which only people give, is a value of its own.
 */
const SLOTS = 128;
const SLOT = 16;
const KINDS = [undefined, 'commit', 'rollback'] as const;
const SPEAKERS = [undefined, 'producer', 'check', 'operator'] as const;

interface Page {
  readonly number: number;
  readonly slots: Buffer;
  /** since the environment was last given it */
  changed: boolean;
}

export class Verdicts {
  /** what the environment does not have yet, page by page */
  private readonly recent = new Map<number, Page>();
  private readonly reasons = new Map<number, string>();
  private handedOut: number[] = [];
  private latest: Page | undefined;

  constructor(private readonly state: StateEnvironment) {}

  find(halfOffset: number): Verdict | undefined {
    const number = pageNumber(halfOffset);
    const slots = this.recent.get(number)?.slots ?? this.state.get(longKey('v', number));
    if (!slots) return undefined;
    const at = (halfOffset % SLOTS) * SLOT;
    const kind = KINDS[slots.readUInt8(at)];
    const by = SPEAKERS[slots.readUInt8(at + 1)];
    if (!kind || !by) return undefined;
    const reason = this.reasons.get(halfOffset) ?? this.state.get(longKey('r', halfOffset))?.toString('utf8');
    const verdict = { kind, by, at: readLong(slots, at + 8) };
    return reason === undefined ? verdict : { ...verdict, reason };
  }

  set(halfOffset: number, verdict: Verdict): void {
    const page = this.pageOf(halfOffset);
    const at = (halfOffset % SLOTS) * SLOT;
    page.slots[at] = KINDS.indexOf(verdict.kind);
    page.slots[at + 1] = SPEAKERS.indexOf(verdict.by);
    writeLong(page.slots, at + 8, verdict.at);
    page.changed = true;
    if (verdict.reason !== undefined) this.reasons.set(halfOffset, verdict.reason);
  }

  /** Of a decision whose commit failed. */
  unset(halfOffset: number): void {
    const at = (halfOffset % SLOTS) * SLOT;
    this.pageOf(halfOffset).slots.fill(0, at, at + SLOT);
    this.reasons.delete(halfOffset);
  }

  private pageOf(halfOffset: number): Page {
    const number = pageNumber(halfOffset);
    if (this.latest?.number === number) return this.latest;
    let page = this.recent.get(number);
    if (!page) {
      const slots = this.state.get(longKey('v', number)) ?? Buffer.alloc(SLOTS * SLOT);
      this.recent.set(number, (page = { number, slots, changed: false }));
    }
    return (this.latest = page);
  }

  changes(): Change[] {
    const changes: Change[] = [];
    for (const page of this.recent.values()) {
      if (!page.changed) continue;
      page.changed = false;
      // a copy: what is decided while it is being written is not in the synced log yet
      changes.push({ key: longKey('v', page.number), value: Buffer.from(page.slots) });
    }
    for (const [halfOffset, reason] of this.reasons) {
      changes.push({ key: longKey('r', halfOffset), value: Buffer.from(reason) });
    }
    this.handedOut = [...this.reasons.keys()];
    return changes;
  }

  /** The environment has what the last call of `changes` gave. */
  written(): void {
    for (const halfOffset of this.handedOut) this.reasons.delete(halfOffset);
    this.handedOut = [];
    for (const page of this.recent.values()) if (!page.changed) this.recent.delete(page.number);
    this.latest = undefined;
  }

  /** Verdicts of half messages that cannot be named any more: whole pages before this half offset. */
  forgetBefore(halfOffset: number): Change[] {
    const end = pageNumber(halfOffset);
    const changes: Change[] = [];
    for (const key of this.state.keysAfter(Buffer.from('v'), 'v')) {
      if (readLong(key, 1) >= end) break;
      changes.push({ key, value: undefined });
    }
    for (const key of this.state.keysAfter(Buffer.from('r'), 'r')) {
      if (readLong(key, 1) >= end * SLOTS) break;
      changes.push({ key, value: undefined });
    }
    return changes;
  }
}

function pageNumber(halfOffset: number): number {
  return Math.floor(halfOffset / SLOTS);
}
