/** The examples of docs/databases.md, made complete; the test beside it holds each part and the page together. */
import { type HalfmqClient, topic } from '@halfmq/transaction';
import { DrizzleTransactions } from '@halfmq/transaction/drizzle';
import { PgTransactions } from '@halfmq/transaction/pg';
import { sql } from 'drizzle-orm';
import type { Pool } from 'pg';

export const Placed = topic<{ sku: string }>('databases-placed', { key: (order) => order.sku });

export async function withPg(client: HalfmqClient, pool: Pool): Promise<PgTransactions> {
  // pg begins
  const halves = client.transactionProducer({
    group: 'orders',
    topics: ['*'],
    check: (message) => transactions.check(message),
  });
  const transactions = new PgTransactions({ pool, halves });
  await transactions.start();

  await transactions.run(async (client, send) => {
    await client.query('INSERT INTO orders (sku) VALUES ($1)', ['tea']);
    send(Placed, { sku: 'tea' });
  });
  // pg ends
  return transactions;
}

export async function withDrizzle(client: HalfmqClient, pool: Pool): Promise<DrizzleTransactions> {
  const halves = client.transactionProducer({
    group: 'drizzle-orders',
    topics: ['*'],
    check: (message) => transactions.check(message),
  });
  // drizzle begins
  const transactions = new DrizzleTransactions({ pool, halves, config: { casing: 'snake_case' } });
  await transactions.start();

  await transactions.run(async (tx, send) => {
    await tx.execute(sql`INSERT INTO orders (sku) VALUES (${'tea'})`);
    send(Placed, { sku: 'tea' });
  });
  // drizzle ends
  return transactions;
}
