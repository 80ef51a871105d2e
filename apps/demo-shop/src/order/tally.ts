import type { DataSource } from 'typeorm';
import type { Board } from '../board/board.js';
import type { Mode } from '../supervisor/messages.js';

/** What became of one mode, from the beginning of its count until it was left. */
export interface ModeTally {
  readonly mode: Mode;
  readonly orders: number;
  /** Orders that wait for ever: a message was lost. */
  readonly lost: number;
  /** Messages that acted twice. */
  readonly doubled: number;
  /** Differences between what two databases say. */
  readonly differing: number;
}

const NOTE = `
  INSERT INTO tallies (mode, orders, lost, doubled, differing) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (mode) DO UPDATE SET orders = $2, lost = $3, doubled = $4, differing = $5`;
const ALL = 'SELECT mode, orders, lost, doubled, differing FROM tallies ORDER BY mode';

/** Keeps what the board found in each mode, so that both can be read side by side. */
export class Tally {
  private written = '';

  constructor(
    private readonly dataSource: DataSource,
    private readonly board: Board,
  ) {}

  /** Writes down how the mode that is switched on is doing; answers all. */
  async note(mode: Mode): Promise<ModeTally[]> {
    const findings = await this.board.findings();
    const broken = (...names: string[]): number =>
      findings.filter(({ name }) => names.includes(name)).reduce((sum, finding) => sum + finding.broken, 0);
    const lost = broken('nothing-in-doubt');
    const doubled = broken('one-effect-per-message');
    const all = findings.reduce((sum, finding) => sum + finding.broken, 0);
    const row = [mode, await this.orders(), lost, doubled, all - lost - doubled];
    if (this.written !== row.join()) {
      await this.dataSource.query(NOTE, row);
      this.written = row.join();
    }
    return this.dataSource.query(ALL);
  }

  private async orders(): Promise<number> {
    const since = await this.board.since();
    const rows: { count: number }[] = await this.dataSource.query(
      'SELECT count(*)::int AS count FROM orders WHERE placed_at >= $1',
      [since],
    );
    return rows[0]?.count ?? 0;
  }
}
