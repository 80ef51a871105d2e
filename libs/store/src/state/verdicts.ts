import { readLong, writeLong } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type { Verdict } from '../message-store.js';
import type { Change, StateEnvironment } from './state-environment.js';

/*
 * Verdicts of decided half messages. In the state environment they are packed, 128 slots a value:
 *   kind 1 (0 none, 1 commit, 2 rollback), by 1 (1 producer, 2 check, 3 operator), 6 unused, at 8 (ms since 1970)
 * A reason, which only people give, is a value of its own.
 */
const SLOTS = 128;
const SLOT = 16;
const KINDS = [undefined, 'commit', 'rollback'] as const;
const SPEAKERS = [undefined, 'producer', 'check', 'operator'] as const;

export class Verdicts {
  /** not yet in the environment */
  private readonly recent = new Map<number, Verdict>();
  private writing: number[] = [];

  constructor(private readonly state: StateEnvironment) {}

  find(halfOffset: number): Verdict | undefined {
    return this.recent.get(halfOffset) ?? this.stored(halfOffset);
  }

  set(halfOffset: number, verdict: Verdict): void {
    this.recent.set(halfOffset, verdict);
  }

  /** Of a decision whose commit failed. */
  unset(halfOffset: number): void {
    this.recent.delete(halfOffset);
  }

  private stored(halfOffset: number): Verdict | undefined {
    const page = this.state.get(pageKey(halfOffset));
    if (!page) return undefined;
    const at = (halfOffset % SLOTS) * SLOT;
    const kind = KINDS[page.readUInt8(at)];
    const by = SPEAKERS[page.readUInt8(at + 1)];
    if (!kind || !by) return undefined;
    const reason = this.state.get(longKey('r', halfOffset))?.toString('utf8');
    const verdict = { kind, by, at: readLong(page, at + 8) };
    return reason === undefined ? verdict : { ...verdict, reason };
  }

  changes(): Change[] {
    this.writing = [...this.recent.keys()];
    const pages = new Map<number, Buffer>();
    const changes: Change[] = [];
    for (const [halfOffset, verdict] of this.recent) {
      const number = Math.floor(halfOffset / SLOTS);
      let page = pages.get(number);
      if (!page) {
        page = this.state.get(pageKey(halfOffset)) ?? Buffer.alloc(SLOTS * SLOT);
        pages.set(number, page);
        changes.push({ key: pageKey(halfOffset), value: page });
      }
      writeSlot(page, (halfOffset % SLOTS) * SLOT, verdict);
      if (verdict.reason !== undefined) {
        changes.push({ key: longKey('r', halfOffset), value: Buffer.from(verdict.reason) });
      }
    }
    return changes;
  }

  written(): void {
    for (const halfOffset of this.writing) this.recent.delete(halfOffset);
    this.writing = [];
  }

  /** Verdicts of half messages that cannot be named any more: whole pages before this half offset. */
  forgetBefore(halfOffset: number): Change[] {
    const end = Math.floor(halfOffset / SLOTS);
    const changes: Change[] = [];
    for (const { key } of this.state.all('v')) {
      if (readLong(key, 1) >= end) break;
      changes.push({ key, value: undefined });
    }
    for (const { key } of this.state.all('r')) {
      if (readLong(key, 1) >= end * SLOTS) break;
      changes.push({ key, value: undefined });
    }
    return changes;
  }
}

function pageKey(halfOffset: number): Buffer {
  return longKey('v', Math.floor(halfOffset / SLOTS));
}

function writeSlot(page: Buffer, at: number, verdict: Verdict): void {
  page.writeUInt8(KINDS.indexOf(verdict.kind), at);
  page.writeUInt8(SPEAKERS.indexOf(verdict.by), at + 1);
  writeLong(page, at + 8, verdict.at);
}
