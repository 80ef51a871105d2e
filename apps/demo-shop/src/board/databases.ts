import { Pool } from 'pg';
import { SERVICES, type ServiceName } from '../supervisor/messages.js';

const POOL_SIZE = 2;
const STATEMENT_TIMEOUT_MS = 5000;

/** The board's eyes: it may look into every service's database, and change none. */
export class ReadOnlyDatabases {
  private readonly pools: Readonly<Record<ServiceName, Pool>>;

  constructor(addresses: Readonly<Record<ServiceName, string>>) {
    const open = (service: ServiceName): Pool => {
      const pool = new Pool({
        connectionString: addresses[service],
        max: POOL_SIZE,
        options: `-c default_transaction_read_only=on -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
      });
      // An idle connection that PostgreSQL closes is replaced at the next query; nothing to do.
      pool.on('error', () => undefined);
      return pool;
    };
    this.pools = { order: open('order'), payment: open('payment'), stock: open('stock') };
  }

  async rows<Row extends object>(service: ServiceName, sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pools[service].query<Row>(sql, values)).rows;
  }

  async close(): Promise<void> {
    await Promise.all(SERVICES.map((service) => this.pools[service].end()));
  }
}
