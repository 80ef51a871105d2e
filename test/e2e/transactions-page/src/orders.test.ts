import 'reflect-metadata';
import { test } from 'node:test';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestBroker, forEachCrashPoint, type TestBroker } from '@halfmq/testing';
import { expect } from '@halfmq/testing/expect';
import { DataSource } from 'typeorm';
import { AppModule, DATABASE_URL } from './app.module.js';
import { Order, OrderPlaced, Orders, Stock } from './orders.js';

const start = async (broker: TestBroker) => {
  const root = AppModule.on(broker.clientOptions);
  return broker.use(await NestFactory.createApplicationContext(root, { logger: false })); // closed with the broker
};

const stockUp = (app: INestApplicationContext) =>
  app.get(DataSource).manager.save(Stock, { sku: 'tea', onHand: 3 });

const emptyDatabase = async () => {
  const database = await new DataSource({ type: 'postgres', url: DATABASE_URL }).initialize();
  await database.dropDatabase();
  await database.destroy();
};

test('an order is taken from stock once, although its message comes twice', async () => {
  await emptyDatabase();
  await using broker = await createTestBroker();
  const app = await start(broker);
  await stockUp(app);
  const order = await app.get(Orders).place('tea');
  await broker.settle(); // until the handlers have ended
  expect(broker).toHaveDeliveredTimes(1, OrderPlaced, { orderId: order.id, sku: 'tea' });
  expect(await app.get(DataSource).manager.findOneBy(Stock, { sku: 'tea' })).toMatchObject({ onHand: 2 });
});

test('wherever the process dies: order, message and stock agree', async () => {
  const points = await forEachCrashPoint({
    reset: emptyDatabase,
    start,
    act: [stockUp, (app) => app.get(Orders).place('tea')],
    outcome: async (app) => {
      const { manager } = app.get(DataSource);
      return { orders: await manager.count(Order), stock: await manager.find(Stock) };
    },
  });
  expect(points).toContainEqual({ point: 'halfmq:transaction:after-commit', pass: 1 });
});
