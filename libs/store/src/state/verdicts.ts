import { readLong, writeLong } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type { Verdict } from '../message-store.js';
import type { Change, StateEnvironment } from './state-environment.js';

/*
 * Verdicts of decided half messages, 128 slots a page, in memory (those not yet written) as in the state environment:
 *   kind 1 (0 none, 1 commit, 2 rollback), by 1 (1 producer, 2 check, 3 operator),
 *   place 1 (0 the first of those decided at once, 1 a later one), 5 unused, at 8 (ms since 1970)
 * A reason, and an operator's name, are values of their own.
 */
const SLOTS = 128;
const SLOT = 16;
const KINDS = [undefined, 'commit', 'rollback'] as const;
const SPEAKERS = [undefined, 'producer', 'check', 'operator'] as const;
const LATER = 1;
/** Prefixes of what people say. */
const WORDS = { reason: 'r', operator: 'n' } as const;
type Word = keyof typeof WORDS;

interface Page {
  readonly number: number;
  readonly slots: Buffer;
  /** since the environment was last given it */
  changed: boolean;
}

export class Verdicts {
  /** what the environment does not have yet, page by page */
  private readonly recent = new Map<number, Page>();
  private readonly words = { reason: new Map<number, string>(), operator: new Map<number, string>() };
  private handedOut: { readonly word: Word; readonly halfOffset: number }[] = [];
  private latest: Page | undefined;

  constructor(private readonly state: StateEnvironment) {}

  find(halfOffset: number): Verdict | undefined {
    const slots = this.slotsOf(halfOffset);
    if (!slots) return undefined;
    const at = slotAt(halfOffset);
    const kind = KINDS[slots.readUInt8(at)];
    const by = SPEAKERS[slots.readUInt8(at + 1)];
    if (!kind || !by) return undefined;
    const verdict: Verdict = { kind, by, at: readLong(slots, at + 8) };
    const reason = this.word('reason', halfOffset);
    const operator = by === 'operator' ? this.word('operator', halfOffset) : undefined;
    return {
      ...verdict,
      ...(reason !== undefined && { reason }),
      ...(operator !== undefined && { operator }),
    };
  }

  private slotsOf(halfOffset: number): Buffer | undefined {
    const number = pageNumber(halfOffset);
    return this.recent.get(number)?.slots ?? this.state.get(longKey('v', number));
  }

  private word(word: Word, halfOffset: number): string | undefined {
    const recent = this.words[word].get(halfOffset);
    return recent ?? this.state.get(longKey(WORDS[word], halfOffset))?.toString('utf8');
  }

  /** Of its page, up to it: what was decided so, newest first; of those decided at once the first one. */
  upTo(halfOffset: number, kind: Verdict['kind']): number[] {
    const found: number[] = [];
    const slots = this.slotsOf(halfOffset);
    if (!slots) return found;
    for (let each = halfOffset; each >= pageStart(halfOffset); each--) {
      const at = slotAt(each);
      if (KINDS[slots.readUInt8(at)] === kind && slots.readUInt8(at + 2) !== LATER) found.push(each);
    }
    return found;
  }

  /** @param halfOffsets decided at once, rising */
  set(halfOffsets: readonly number[], verdict: Verdict): void {
    for (const [index, halfOffset] of halfOffsets.entries()) {
      const page = this.pageOf(halfOffset);
      const at = slotAt(halfOffset);
      page.slots[at] = KINDS.indexOf(verdict.kind);
      page.slots[at + 1] = SPEAKERS.indexOf(verdict.by);
      page.slots[at + 2] = index === 0 ? 0 : LATER;
      writeLong(page.slots, at + 8, verdict.at);
      page.changed = true;
      if (verdict.reason !== undefined) this.words.reason.set(halfOffset, verdict.reason);
      if (verdict.operator !== undefined) this.words.operator.set(halfOffset, verdict.operator);
    }
  }

  /** Of a decision whose commit failed. */
  unset(halfOffsets: readonly number[]): void {
    for (const halfOffset of halfOffsets) {
      const at = slotAt(halfOffset);
      this.pageOf(halfOffset).slots.fill(0, at, at + SLOT);
      for (const words of Object.values(this.words)) words.delete(halfOffset);
    }
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
    for (const word of ['reason', 'operator'] as const) {
      for (const [halfOffset, text] of this.words[word]) {
        changes.push({ key: longKey(WORDS[word], halfOffset), value: Buffer.from(text) });
        this.handedOut.push({ word, halfOffset });
      }
    }
    return changes;
  }

  /** The environment has what the last call of `changes` gave. */
  written(): void {
    for (const { word, halfOffset } of this.handedOut.splice(0)) this.words[word].delete(halfOffset);
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
    for (const prefix of Object.values(WORDS)) {
      for (const key of this.state.keysAfter(Buffer.from(prefix), prefix)) {
        if (readLong(key, 1) >= end * SLOTS) break;
        changes.push({ key, value: undefined });
      }
    }
    return changes;
  }
}

/** First half offset of its page of verdicts. */
export function pageStart(halfOffset: number): number {
  return pageNumber(halfOffset) * SLOTS;
}

function slotAt(halfOffset: number): number {
  return (halfOffset % SLOTS) * SLOT;
}

function pageNumber(halfOffset: number): number {
  return Math.floor(halfOffset / SLOTS);
}
