/*
 * What half messages go through: the ledger's state machine without a broker, a clock or a disk. What it is told to have
 * happened must be allowed by it (a Violation otherwise), and what it answers is what the broker must say.
 *
 *   (nothing) ── prepared ─────────────────────────────▶ pending, due after its immunity time
 *   pending ──── due, asked of one who can answer ─────▶ pending, counted, due after 1, 2, 4, 8, 8 … intervals
 *   pending ──── due, nobody can answer ───────────────▶ pending, still due, nothing counted
 *   pending ──── due, asked `checks` times ────────────▶ parked: shown once, asked no more
 *   parked ───── resumed by an operator ───────────────▶ pending, nothing counted, due at once
 *   pending, parked ── a verdict, whoever says it ─────▶ decided, for ever; a commit is seen, at once or after its delay
 *   decided ──── the same verdict again ───────────────▶ success, and nothing happens
 *   decided ──── the opposite verdict ─────────────────▶ refused, with the first one
 *
 * Undecided halves of one producer group and one transaction id go together: the oldest pending one is asked about, and its
 * count and its time are those of all pending ones; with it they are parked, with any they are resumed, and a verdict on any
 * decides all. One that is prepared after the verdict begins anew.
 *
 * A restart changes nothing of this. A kill may take what was counted last, and nothing else; what was asked of the broker
 * and not answered before it has happened, or has not, as a whole.
 */

export type Kind = 'commit' | 'rollback';

export interface Verdict {
  readonly kind: Kind;
  readonly by: 'producer' | 'check' | 'operator';
  /** ms since 1970 */
  readonly at: number;
}

export interface Prepared {
  /** its place in the half queue: its name */
  readonly id: number;
  readonly group: string;
  /** HALFMQ_TX; without it a half is alone */
  readonly transaction: string | undefined;
  readonly topic: string;
  readonly body: string;
  /** from being prepared to its first check */
  readonly immunityMs: number;
  /** from its commit until it is seen */
  readonly delayMs: number;
}

export interface Half extends Prepared {
  /** it was prepared, or resumed; by the clock that was set back since then: what that said */
  since: number;
  /** by the clock of that moment */
  readonly preparedAt: number;
  checks: number;
  due: number;
  /** its time has come, whatever the clock is set to after that */
  isDue: boolean;
  parked: boolean;
  verdict?: Verdict;
}

export interface Settings {
  readonly checks: number;
  readonly intervalMs: number;
}

/** Something happened that the state machine does not allow. */
export class Violation extends Error {}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}

/** In intervals. */
const LONGEST_BACK_OFF = 8;

export class LedgerModel {
  private readonly halves = new Map<number, Half>();
  private readonly open = new Set<Half>();
  /** what consumers see, by topic, in its order */
  private readonly seen = new Map<string, string[]>();
  /** the furthest the clock has ever been */
  private furthest = -Infinity;
  private delayed: { readonly at: number; readonly half: Half }[] = [];

  constructor(private readonly settings: Settings) {}

  of(id: number): Half {
    const half = this.halves.get(id);
    must(half !== undefined, `half message ${id} was never prepared`);
    return half;
  }

  /** The oldest first. */
  get undecided(): readonly Half[] {
    return [...this.open];
  }

  visible(topic: string): readonly string[] {
    return this.seen.get(topic) ?? [];
  }

  /** It and the others that are decided with it, the oldest first. */
  together(half: Half): readonly Half[] {
    const { group, transaction } = half;
    if (transaction === undefined) return [half];
    return this.undecided.filter((other) => other.group === group && other.transaction === transaction);
  }

  /** The one that is asked about for all of them. */
  leader(half: Half): Half | undefined {
    return this.together(half).find(({ parked }) => !parked);
  }

  prepared(prepared: Prepared, now: number): void {
    must(!this.halves.has(prepared.id), `half message ${prepared.id} was prepared twice`);
    const due = now + prepared.immunityMs;
    const half: Half = {
      ...prepared,
      since: now,
      preparedAt: now,
      checks: 0,
      due,
      isDue: false,
      parked: false,
    };
    const leader = half.transaction === undefined ? undefined : this.leader(half);
    if (leader) {
      const { since, checks, isDue } = leader;
      Object.assign(half, { since, checks, isDue, due: leader.due });
    }
    this.halves.set(half.id, half);
    this.open.add(half);
  }

  /** @returns the first verdict, when this is not it */
  ended(id: number, verdict: Verdict): Verdict | undefined {
    const named = this.of(id);
    if (named.verdict) return named.verdict;
    for (const half of this.together(named)) {
      half.verdict = verdict;
      this.open.delete(half);
      if (verdict.kind === 'rollback') continue;
      if (half.delayMs > 0) this.delayed.push({ at: verdict.at + half.delayMs, half });
      else this.show(half);
    }
    return undefined;
  }

  /**
   * An operator's verdict, on all that ever had this transaction id: those that came after its verdict must not be decided
   * otherwise. @returns the verdict that is in the way
   */
  operated(id: number, verdict: Verdict): Verdict | undefined {
    const named = this.of(id);
    const { group, transaction } = named;
    const isOne = (half: Half): boolean => half.group === group && half.transaction === transaction;
    const all = transaction === undefined ? [named] : [...this.halves.values()].filter(isOne);
    const against = all.find((half) => half.verdict !== undefined && half.verdict.kind !== verdict.kind);
    if (against) return against.verdict;
    for (const half of all) this.ended(half.id, verdict);
    return undefined;
  }

  private show({ topic, body }: Half): void {
    const seen = this.seen.get(topic);
    if (seen) seen.push(body);
    else this.seen.set(topic, [body]);
  }

  /** What is worked out by the clock from now on may lie before what was; a kill may bring any of it back. */
  clockSet(now: number): void {
    for (const half of this.open) half.since = Math.min(half.since, now);
  }

  /** What has waited long enough is due, or seen. */
  passed(now: number): void {
    this.furthest = Math.max(this.furthest, now);
    for (const half of this.open) half.isDue ||= half.due <= now;
    const due = this.delayed.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    this.delayed = this.delayed.filter(({ at }) => at > now);
    for (const { half } of due) this.show(half);
  }

  /** @param check what it said, and when the next one will come; it was sent between `from` and `now` */
  asked(id: number, check: { times: number; next: number }, from: number, now: number): void {
    const half = this.of(id);
    const { checks, due, isDue, parked, verdict } = half;
    must(verdict === undefined, `asked about ${id}, which is decided`);
    must(!parked, `asked about ${id}, which is parked`);
    must(this.leader(half) === half, `asked about ${id}, which is not the oldest of its transaction`);
    must(isDue || due <= now, `asked about ${id} ${due - now} ms before its time`);
    must(check.times === checks + 1, `check ${checks + 1} of ${id} says that it is number ${check.times}`);
    must(check.times <= this.settings.checks, `asked about ${id} more than ${this.settings.checks} times`);
    const at = check.next - Math.min(2 ** checks, LONGEST_BACK_OFF) * this.settings.intervalMs;
    must(at >= from && at <= now, `after check ${check.times} of ${id} the next one is due at ${check.next}`);
    for (const each of this.together(half)) {
      each.checks++;
      each.due = check.next;
      each.isDue = false;
    }
  }

  /** Copies came of these. */
  shownAsParked(copies: readonly { id: number; times: number }[], now: number): void {
    const parked = copies.map(({ id }) => this.of(id));
    for (const [at, half] of parked.entries()) {
      const { id, checks, verdict } = half;
      must(verdict === undefined && !half.parked, `parked ${id}, which is parked or decided before`);
      must(copies[at]?.times === checks, `parked ${id} says ${copies[at]?.times} checks, it had ${checks}`);
      const leader = this.leader(half);
      const isTime = leader && (leader.isDue || leader.due <= now) && leader.checks === this.settings.checks;
      must(
        isTime === true,
        `parked ${id}, which was asked about ${leader?.checks} times and is due at ${leader?.due}`,
      );
      const all = this.together(half).every((other) => other.parked || parked.includes(other));
      must(all, `parked ${id} without the others of its transaction`);
    }
    for (const half of parked) half.parked = true;
  }

  /** @returns whether anything was left to check */
  resumed(id: number, now: number): boolean {
    const half = this.of(id);
    if (half.verdict) return false;
    for (const each of this.together(half)) {
      Object.assign(each, { since: now, parked: false, checks: 0, due: now, isDue: true });
    }
    return true;
  }

  /** The broker was started again, and this is what it knows of an undecided one. */
  reopened(
    id: number,
    known: { parked: boolean; checks: number; next: number },
    how: { now: number; killed: boolean },
  ): void {
    const half = this.of(id);
    const { checks, since, immunityMs, parked, due } = half;
    must(known.parked === parked, `after a restart ${id} is ${known.parked ? '' : 'not '}parked`);
    // how old a count may be is up to the disk, for which a clock that is moved does not wait
    const isCounted = how.killed ? known.checks <= checks : known.checks === checks;
    must(isCounted, `${checks} checks of ${id}, after a restart ${known.checks}`);
    // what nobody could answer is due again at once; with a clock that was set back the first wait begins anew
    // and what is due may say since when it was before it was resumed, or that of the transaction it has joined
    const earliest = due <= how.now ? 0 : Math.min(since, half.preparedAt, how.now);
    const wait = Math.max(immunityMs, LONGEST_BACK_OFF * this.settings.intervalMs);
    const latest = Math.max(due, Math.max(how.now, this.furthest) + wait);
    must(
      parked || (known.next >= earliest && known.next <= latest),
      `${id} was due at ${due}, after a restart at ${known.next}`,
    );
    half.checks = known.checks;
    half.due = known.next;
    half.isDue = false;
  }
}

/** A connection that said it is a producer, or sent half messages. */
export interface Producer {
  readonly group: string;
  /** what it said it answers for; undefined: nothing was said */
  readonly declared: ReadonlySet<string> | undefined;
  /** what it sent half messages for */
  readonly sent: ReadonlySet<string>;
}

/** Who may be asked: those known for the topic; without any, those of whom nothing is known; never one known for others. */
export function whoCanAnswer<P extends Producer>(producers: readonly P[], group: string, topic: string): P[] {
  const own = producers.filter((producer) => producer.group === group);
  const known = own.filter(
    ({ declared, sent }) => sent.has(topic) || declared?.has(topic) || declared?.has('*'),
  );
  return known.length > 0 ? known : own.filter(({ declared, sent }) => !declared && sent.size === 0);
}
