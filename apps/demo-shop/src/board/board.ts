import type { Clock } from '@halfmq/transaction';
import type { ReadOnlyDatabases } from './databases.js';
import { type Call, type CrossCheck, type Invariant, invariants, type Query } from './invariants.js';
import {
  type FigureRow,
  type Finding,
  type ProblemRow,
  judgeCrossCheck,
  judgeNoneFound,
  unanswered,
} from './judge.js';
import { type Parcels, ShippingAway } from './parcels.js';

/** However many pages are open, the databases are asked twice a second at most. */
const FRESH_MS = 500;

/** Asks every invariant of the databases, and of the shipping service where there is one. */
export class Board {
  private asked = -Infinity;
  private answer: Promise<Finding[]> | undefined;
  private readonly invariants: readonly Invariant[];

  constructor(
    private readonly databases: ReadOnlyDatabases,
    private readonly clock: Clock,
    private readonly deadlineMs: number,
    private readonly parcels?: Parcels,
  ) {
    this.invariants = invariants(parcels !== undefined);
  }

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
    return Promise.all(this.invariants.map((invariant) => this.judge(invariant, since)));
  }

  private async judge(invariant: Invariant, since: Date): Promise<Finding> {
    if (invariant.kind === 'cross-check') return this.crossCheck(invariant, since);
    const answers = await Promise.all(
      invariant.queries.map(({ database, sql }) => this.databases.rows<ProblemRow>(database, sql, [since])),
    );
    return judgeNoneFound(invariant, answers.flat(), this.deadlineMs);
  }

  private async crossCheck(check: CrossCheck, since: Date): Promise<Finding> {
    const ask = (source: Query | Call): Promise<FigureRow[]> => this.figures(source, since);
    // One after the other, effects before causes would show differences that never were; both ages say so anyway.
    try {
      const [left, right] = await Promise.all([ask(check.left), ask(check.right)]);
      return judgeCrossCheck(check, left, right, this.deadlineMs);
    } catch (error) {
      if (error instanceof ShippingAway) return unanswered(check, error.message);
      throw error;
    }
  }

  private async figures(source: Query | Call, since: Date): Promise<FigureRow[]> {
    if ('sql' in source) return this.databases.rows(source.database, source.sql, [since]);
    return (await this.parcels?.figures(since)) ?? [];
  }
}
