/** Behind the application of README.md: places one order, and waits until it was taken from stock. */
import type { INestApplication } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Orders, Stock } from '../../e2e/readme-example.js';

export async function placeOne(app: INestApplication): Promise<void> {
  const database = app.get(DataSource);
  await database.synchronize();
  await database.manager.save(Stock, { sku: 'tea', onHand: 3 });
  await app.init();
  await app.get(Orders).place('tea');
  const onHand = async (): Promise<number> =>
    (await database.manager.findOneByOrFail(Stock, { sku: 'tea' })).onHand;
  while ((await onHand()) !== 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await app.close();
  process.stdout.write('one was taken from stock\n');
}
