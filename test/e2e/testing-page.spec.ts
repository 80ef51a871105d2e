import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const text = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

it('docs/testing.md shows the test that runs here', () => {
  const [, shown] = /```ts\n(.*?)```/s.exec(text('../../docs/testing.md')) ?? [];
  const [, run] = /\n\/\/ docs begin\n(.*?)\/\/ docs end/s.exec(text('./testing-page.spec.ts')) ?? [];
  expect(shown).toBe(run);
});

// docs begin
import {
  HalfmqModule,
  MessageHandler,
  Messages,
  Payload,
  topic,
  TransactionListener,
} from '@halfmq/transaction/nest';
import { createTestBroker } from '@halfmq/testing';
import '@halfmq/testing/jest';

type Order = { id: string; sku: string };
const OrderPlaced = topic<Order>('shop-order-placed', { key: (order) => order.id });

@Injectable()
@TransactionListener({ group: 'shop', topic: OrderPlaced })
class Shop {
  onHand = 3;
  state: 'commit' | 'unknown' = 'unknown';
  execute = () => this.state; // the half message is stored: place the order now
  check = () => this.state; // nobody said how it ended: was it placed?

  @MessageHandler(OrderPlaced, { group: 'stock' })
  reserve(@Payload() _order: Order) {
    this.onHand--;
  }
}

it('an order nobody can tell about is asked about for a day, then taken from stock once', async () => {
  await using broker = await createTestBroker({ settings: { transactionCheckMax: '1000' } });
  const imports = [HalfmqModule.forRoot({ ...broker.clientOptions, group: 'shop' })];
  const app = await NestFactory.createApplicationContext({ module: class {}, imports, providers: [Shop] });
  await app.get(Messages).sendInTransaction(OrderPlaced, { id: 'o-1', sku: 'tea' });
  await broker.advance('24h');
  expect(broker.inDoubt()).toMatchObject([{ topic: 'shop-order-placed', group: 'shop', checks: 363 }]);
  expect(broker).not.toHaveDelivered(OrderPlaced);
  app.get(Shop).state = 'commit';
  await broker.advance('10m');
  expect(broker).toHaveDelivered(OrderPlaced, { id: 'o-1', sku: 'tea' });
  expect([app.get(Shop).onHand, broker.inDoubt(), broker.deadLetters('stock')]).toEqual([2, [], []]);
  await app.close();
}, 60_000);
// docs end
