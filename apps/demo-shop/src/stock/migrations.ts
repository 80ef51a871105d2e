import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CATALOGUE } from '../catalogue.js';
import { EFFECTS_TABLE } from '../service/effect.entity.js';

export class CreateStock1764100000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE products (
        sku text PRIMARY KEY,
        initial int NOT NULL,
        on_hand int NOT NULL,
        reserved int NOT NULL DEFAULT 0,
        sold int NOT NULL DEFAULT 0
      );
      CREATE TABLE reservations (
        id bigserial PRIMARY KEY,
        order_id uuid NOT NULL,
        sku text NOT NULL REFERENCES products,
        quantity int NOT NULL,
        state text NOT NULL CHECK (state IN ('reserved', 'sold', 'released', 'refused', 'void')),
        placed_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      );
      CREATE INDEX reservations_of_order ON reservations (order_id);
      CREATE INDEX reservations_by_state ON reservations (state, placed_at);`);
    await runner.query(EFFECTS_TABLE);
    for (const { sku, stock } of CATALOGUE) {
      await runner.query('INSERT INTO products (sku, initial, on_hand) VALUES ($1, $2, $2)', [sku, stock]);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effects; DROP TABLE reservations; DROP TABLE products');
  }
}
