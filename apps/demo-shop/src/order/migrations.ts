import type { MigrationInterface, QueryRunner } from 'typeorm';
import { EFFECTS_TABLE } from '../service/effect.entity.js';

export class AddTallies1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tallies (
        mode text PRIMARY KEY,
        orders int NOT NULL,
        lost int NOT NULL,
        doubled int NOT NULL,
        differing int NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tallies');
  }
}

export class CreateOrders1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE orders (
        id uuid PRIMARY KEY,
        customer text NOT NULL,
        sku text NOT NULL,
        quantity int NOT NULL CHECK (quantity > 0),
        total int NOT NULL,
        coupon_id text,
        use_balance boolean NOT NULL DEFAULT false,
        state text NOT NULL
          CHECK (state IN ('unconfirmed', 'confirmed', 'paid', 'shipped', 'received', 'cancelled')),
        note text,
        placed_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      );
      CREATE INDEX orders_by_time ON orders (placed_at);
      CREATE INDEX orders_by_state ON orders (state, placed_at);
      CREATE TABLE board (since timestamptz NOT NULL);
      INSERT INTO board VALUES ('epoch');`);
    await runner.query(EFFECTS_TABLE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effects; DROP TABLE board; DROP TABLE orders');
  }
}
