import { expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
// #region
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
  reserved = new Set<string>(); // a set: messages may come twice, and here they do
  state: 'commit' | 'unknown' = 'unknown';
  execute = () => this.state; // the half message is stored: place the order now
  check = () => this.state; // nobody said how it ended: was it placed?

  @MessageHandler(OrderPlaced, { group: 'stock' })
  reserve(@Payload() order: Order) {
    this.reserved.add(order.id);
  }
}

it('an order nobody can tell about is asked about for a day, then taken from stock once', async () => {
  await using broker = await createTestBroker({ settings: { transactionCheckMax: '1000' } });
  const imports = [HalfmqModule.forRoot({ ...broker.clientOptions, group: 'shop' })];
  const root = { module: class {}, imports, providers: [Shop] };
  const app = broker.use(await NestFactory.createApplicationContext(root, { logger: false }));
  await app.get(Messages).sendInTransaction(OrderPlaced, { id: 'o-1', sku: 'tea' });
  await broker.advance('24h');
  expect(broker.inDoubt()).toMatchObject([{ topic: 'shop-order-placed', group: 'shop', checks: 363 }]);
  expect(broker).not.toHaveDelivered(OrderPlaced);
  app.get(Shop).state = 'commit';
  await broker.advance('10m');
  expect(broker).toHaveDelivered(OrderPlaced, { id: 'o-1', sku: 'tea' });
  expect(broker).not.toBeInDoubt();
  expect([...app.get(Shop).reserved]).toEqual(['o-1']);
});
// #endregion
