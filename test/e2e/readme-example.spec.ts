import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { NestApplications } from '../kit/nest-applications.js';
import { until } from '../kit/until.js';
import { OrderRow, Orders, Stock } from './readme-example.js';

const text = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

describe('the example of README.md', () => {
  let apps: NestApplications;
  beforeAll(async () => {
    apps = await NestApplications.begin();
  }, 60_000);
  afterAll(() => apps?.end());

  it('is the code that is compiled and run here', () => {
    const [, shown] = /```ts\n(.*?)```/s.exec(text('../../README.md')) ?? [];
    const [, run] = /\/\/ README begins\n(.*?)\/\/ README ends/s.exec(text('./readme-example.ts')) ?? [];
    expect(shown).toBe(run);
  });

  it('places an order and takes it from stock, once', async () => {
    const app = await apps.start([Orders], { imports: [await apps.database([OrderRow, Stock])] });
    const { manager } = app.get(DataSource);
    await manager.save(Stock, { sku: 'tea', onHand: 3 });
    const order = await app.get(Orders).place('tea');
    expect(await manager.countBy(OrderRow, { id: order.id })).toBe(1);
    await until('the stock was taken', async () => {
      return (await manager.findOneByOrFail(Stock, { sku: 'tea' })).onHand === 2;
    });
    expect(await manager.query('SELECT consumer_group, topic FROM halfmq_inbox')).toEqual([
      { consumer_group: 'stock', topic: 'shop-order-placed' },
    ]);
  }, 40_000);
});
