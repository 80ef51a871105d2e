import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CALLS_TABLE } from '../service/change.js';
import { EFFECTS_TABLE } from '../service/effect.entity.js';

export class CreatePayments1764100000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payments (
        id bigserial PRIMARY KEY,
        order_id uuid NOT NULL,
        amount int NOT NULL,
        state text NOT NULL CHECK (state IN ('captured', 'declined', 'refunded', 'void')),
        placed_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      );
      CREATE INDEX payments_of_order ON payments (order_id);
      CREATE INDEX payments_by_state ON payments (state, placed_at);`);
    await runner.query(EFFECTS_TABLE);
    await runner.query(CALLS_TABLE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE calls; DROP TABLE effects; DROP TABLE payments');
  }
}
