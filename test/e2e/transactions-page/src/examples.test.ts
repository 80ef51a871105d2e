import 'reflect-metadata';
import { test } from 'node:test';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestBroker } from '@halfmq/testing';
import { expect } from '@halfmq/testing/expect';
import { Messages } from '@halfmq/transaction/nest';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import {
  Cancelled,
  Checkout,
  Desk,
  Gifts,
  OrderExpiry,
  Refund,
  Refunds,
  Reservations,
  Wanted,
} from './examples.js';
import { OrderPlaced, Stock } from './orders.js';

@Module({ providers: [Checkout, Desk, Refunds, Reservations] })
class Examples {}

test('the examples do what is said about them', async () => {
  await using broker = await createTestBroker();
  const root = { module: class {}, imports: [AppModule.on(broker.clientOptions), Examples] };
  const app = broker.use(await NestFactory.createApplicationContext(root, { logger: false }));
  await app.get(DataSource).manager.save(Stock, { sku: 'ribbon', onHand: 1 });
  const wrapped = await app.get(Checkout).placeWithGift('tea');
  const plain = await app.get(Checkout).placeCarefully('tea');
  await broker.settle();
  expect(broker).toHaveDeliveredTimes(2, OrderPlaced);
  expect(broker).toHaveDeliveredTimes(1, Gifts, { orderId: wrapped.id, sku: 'ribbon' });
  expect(broker).not.toHaveDelivered(OrderExpiry);
  await broker.advance('15m');
  expect(broker).toHaveDelivered(OrderExpiry, { orderId: String(plain?.id) });
  await app.get(Checkout).placeAnyway('tea');
  expect(broker).toHaveDeliveredTimes(3, OrderPlaced);
  const { manager } = app.get(DataSource);
  await manager.save(Stock, { sku: 'cup', onHand: 1 });
  await app.get(Messages).send(Cancelled, { orderId: '1', sku: 'cup' }); // before it was wanted
  await app.get(Messages).send(Wanted, { orderId: '1', sku: 'cup' });
  await app.get(Messages).send(Wanted, { orderId: '2', sku: 'cup' });
  await broker.settle();
  expect(await manager.findOneBy(Stock, { sku: 'cup' })).toMatchObject({ onHand: 0 });
  await app.get(Desk).refund('p-1');
  expect(broker).toHaveDelivered(Refund, { paymentId: 'p-1' });
});
