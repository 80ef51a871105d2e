import type { Clock } from '@halfmq/transaction';
import type { DataSource } from 'typeorm';

/** From when on the board counts. */
export class Count {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  async beginAnew(): Promise<Date> {
    const since = new Date(this.clock.now());
    await this.dataSource.query('UPDATE board SET since = $1', [since]);
    return since;
  }
}
