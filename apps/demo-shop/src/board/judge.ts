import type { Call, CrossCheck, Invariant, NoneFound, Query } from './invariants.js';

export interface FigureRow {
  readonly order_id: string;
  /** A bigint or numeric arrives as text. */
  readonly figure: number | string;
  readonly age_ms: number | string;
}

export interface ProblemRow {
  readonly problem: string;
  /** Absent where no time heals it. */
  readonly age_ms?: number | string;
}

/** One line of the board. */
export interface Finding {
  readonly name: string;
  readonly title: string;
  /** False only for what should have settled by now: a message in flight is no contradiction. */
  readonly holds: boolean;
  /** How many rows contradict it; the detail names some. */
  readonly broken: number;
  /** Differences younger than the deadline. Quiet means: holds, and nothing settling. */
  readonly settling: number;
  readonly detail: string;
  readonly sql: string;
}

interface Verdict {
  readonly broken: readonly string[];
  readonly settling: number;
  readonly calm: string;
}

const NAMED = 3;

/** Compares what two databases say of each order. Rows of one order add up: a double charge is a difference. */
export function judgeCrossCheck(
  check: CrossCheck,
  left: readonly FigureRow[],
  right: readonly FigureRow[],
  deadlineMs: number,
): Finding {
  const broken: string[] = [];
  let settling = 0;
  const ours = addUp(left);
  const theirs = addUp(right);
  for (const order of new Set([...ours.keys(), ...theirs.keys()])) {
    const here = ours.get(order);
    const there = theirs.get(order);
    if (here?.figure === there?.figure) continue;
    const ageMs = Math.min(here?.ageMs ?? Infinity, there?.ageMs ?? Infinity);
    const show = (figure: number | undefined): string => format(check.unit, figure ?? 0);
    if (ageMs < deadlineMs) settling += 1;
    else {
      broken.push(
        `order ${order.slice(0, 8)}: ${show(here?.figure)} ${check.left.what}, ${show(there?.figure)} ${check.right.what}`,
      );
    }
  }
  const sums = [total(ours), total(theirs)].map((sum) => format(check.unit, sum));
  const calm = `${sums[0]} ${check.left.what} / ${sums[1]} ${check.right.what}`;
  return finding(check, { broken, settling, calm });
}

export function judgeNoneFound(check: NoneFound, rows: readonly ProblemRow[], deadlineMs: number): Finding {
  const young = rows.filter((row) => ageOf(row) < deadlineMs).length;
  const broken = rows.filter((row) => ageOf(row) >= deadlineMs).map((row) => row.problem);
  return finding(check, { broken, settling: young, calm: check.calm });
}

/** Who could not be asked has contradicted nothing, and agreed to nothing. */
export function unanswered(check: CrossCheck, why: string): Finding {
  return finding(check, { broken: [], settling: 1, calm: why });
}

const ageOf = ({ age_ms }: ProblemRow): number => (age_ms === undefined ? Infinity : Number(age_ms));

function addUp(rows: readonly FigureRow[]): Map<string, { figure: number; ageMs: number }> {
  const sums = new Map<string, { figure: number; ageMs: number }>();
  for (const { order_id, figure, age_ms } of rows) {
    const sum = sums.get(order_id);
    sums.set(order_id, {
      figure: (sum?.figure ?? 0) + Number(figure),
      ageMs: Math.min(sum?.ageMs ?? Infinity, Number(age_ms)),
    });
  }
  return sums;
}

function total(sums: ReadonlyMap<string, { figure: number }>): number {
  return [...sums.values()].reduce((sum, { figure }) => sum + figure, 0);
}

function format(unit: CrossCheck['unit'], figure: number): string {
  return unit === 'money' ? (figure / 100).toFixed(2) : String(figure);
}

function finding(check: Invariant, { broken, settling, calm }: Verdict): Finding {
  const more = broken.length > NAMED ? `; and ${broken.length - NAMED} more` : '';
  const wrong = broken.slice(0, NAMED).join('; ') + more;
  const waiting = settling > 0 ? `${calm}, ${settling} in flight` : calm;
  return {
    name: check.name,
    title: check.title,
    holds: broken.length === 0,
    broken: broken.length,
    settling,
    detail: broken.length === 0 ? waiting : wrong,
    sql: sourcesOf(check).map(textOf).join(';\n\n'),
  };
}

function sourcesOf(check: Invariant): readonly (Query | Call)[] {
  return check.kind === 'cross-check' ? [check.left, check.right] : check.queries;
}

function textOf(source: Query | Call): string {
  return 'sql' in source
    ? `-- ${source.database} database\n${source.sql}`
    : `-- ${source.service} service\nGET ${source.get}?since=$1`;
}
