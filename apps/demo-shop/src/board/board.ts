import type { Clock } from '@halfmq/transaction';
import type { ReadOnlyDatabases } from './databases.js';
import { type CrossCheck, INVARIANTS, type Invariant, type Query } from './invariants.js';
import { type FigureRow, type Finding, type ProblemRow, judgeCrossCheck, judgeNoneFound } from './judge.js';

/** However many pages are open, the databases are asked twice a second at most. */
const FRESH_MS = 500;

/** Asks every invariant of the three databases. */
export class Board {
  private asked = -Infinity;
  private answer: Promise<Finding[]> | undefined;

  constructor(
    private readonly databases: ReadOnlyDatabases,
    private readonly clock: Clock,
    private readonly deadlineMs: number,
  ) {}

  /** The moment from which orders are counted. */
  async since(): Promise<Date> {
    const rows = await this.databases.rows<{ since: Date }>('order', 'SELECT since FROM board');
    return rows[0]?.since ?? new Date(0);
  }

  findings(): Promise<Finding[]> {
    const now = this.clock.monotonic();
    if (this.answer === undefined || now - this.asked > FRESH_MS) {
      this.asked = now;
      this.answer = this.ask();
      this.answer.catch(() => (this.answer = undefined));
    }
    return this.answer;
  }

  private async ask(): Promise<Finding[]> {
    const since = await this.since();
    return Promise.all(INVARIANTS.map((invariant) => this.judge(invariant, since)));
  }

  private async judge(invariant: Invariant, since: Date): Promise<Finding> {
    if (invariant.kind === 'cross-check') return this.crossCheck(invariant, since);
    const answers = await Promise.all(
      invariant.queries.map(({ database, sql }) => this.databases.rows<ProblemRow>(database, sql, [since])),
    );
    return judgeNoneFound(invariant, answers.flat(), this.deadlineMs);
  }

  private async crossCheck(check: CrossCheck, since: Date): Promise<Finding> {
    const ask = ({ database, sql }: Query): Promise<FigureRow[]> =>
      this.databases.rows(database, sql, [since]);
    // One after the other, effects before causes would show differences that never were; both ages say so anyway.
    const [left, right] = await Promise.all([ask(check.left), ask(check.right)]);
    return judgeCrossCheck(check, left, right, this.deadlineMs);
  }
}
