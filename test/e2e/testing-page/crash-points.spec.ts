import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HalfmqModule, MessageHandler, Messages, Payload } from '@halfmq/transaction/nest';
import { forEachCrashPoint, OutcomeDiffers, type Scenario, type TestBroker } from '@halfmq/testing';
import { DataSource, EntityManager } from 'typeorm';
import { PostgresServer } from '../../kit/postgres.js';
import { Order, OrderPlaced, Orders, Stock, type Placed } from '../transactions-page/src/orders.js';

let postgres: PostgresServer;
let url: string;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  url = await postgres.createDatabase('crashes');
}, 60_000);

afterAll(() => postgres?.stop());

const database = (): object => ({ type: 'postgres', url, entities: [Order, Stock], synchronize: true });

async function emptyDatabase(): Promise<void> {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  await dataSource.dropDatabase();
  await dataSource.destroy();
}

const shop =
  (...providers: Provider[]) =>
  async (broker: TestBroker): Promise<INestApplicationContext> => {
    const imports = [
      TypeOrmModule.forRoot(database()),
      HalfmqModule.forRoot({ ...broker.clientOptions, group: 'shop' }),
    ];
    const root = { module: class {}, imports, providers };
    return broker.use(await NestFactory.createApplicationContext(root, { logger: false }));
  };

const stockUp = (app: INestApplicationContext): Promise<unknown> =>
  app.get(DataSource).manager.save(Stock, { sku: 'tea', onHand: 3 });

const outcome = async (app: INestApplicationContext): Promise<unknown> => {
  const { manager } = app.get(DataSource);
  return { orders: await manager.count(Order), stock: await manager.find(Stock) };
};

/** What the rehearsal of an order service comes to. */
async function rehearsed(
  service: new (...args: never[]) => { place(sku: string): Promise<unknown> },
): Promise<OutcomeDiffers> {
  const scenario: Scenario<INestApplicationContext> = {
    reset: emptyDatabase,
    start: shop(service, Stockroom),
    act: [stockUp, (app) => app.get(service).place('tea')],
    outcome,
  };
  const found: unknown = await forEachCrashPoint(scenario).catch((error: unknown) => error);
  if (found instanceof OutcomeDiffers) return found;
  throw new Error('the bug was not found', { cause: found });
}

@Injectable()
class Stockroom {
  constructor(private readonly dataSource: DataSource) {}

  @MessageHandler(OrderPlaced, { group: 'stock', dedupe: 'transaction' })
  async reserve(@Payload() { sku }: Placed): Promise<void> {
    await this.dataSource.manager.update(Stock, { sku }, { onHand: 2 });
  }
}

/** A bug: the message is sent when the order is committed, or never. */
@Injectable()
class SendsAfterwards {
  constructor(
    private readonly dataSource: DataSource,
    private readonly messages: Messages,
  ) {}

  async place(sku: string): Promise<void> {
    const order = await this.dataSource.transaction((manager: EntityManager) => manager.save(Order, { sku }));
    await this.messages.send(OrderPlaced, { orderId: order.id, sku });
  }
}

/** A bug: the message is out, and the order may never be. */
@Injectable()
class SendsBefore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly messages: Messages,
  ) {}

  async place(sku: string): Promise<void> {
    await this.dataSource.transaction(async (manager: EntityManager) => {
      const order = await manager.save(Order, { sku });
      await this.messages.send(OrderPlaced, { orderId: order.id, sku });
    });
  }
}

describe('forEachCrashPoint', () => {
  it('finds nothing where orders and messages are one, at whatever step everything dies', async () => {
    const start = shop(Orders);
    // #region
    const points = await forEachCrashPoint({
      reset: emptyDatabase,
      start,
      act: [stockUp, (app) => app.get(Orders).place('tea')],
      outcome: async (app) => {
        const { manager } = app.get(DataSource);
        return { orders: await manager.count(Order), stock: await manager.find(Stock) };
      },
    });
    // #endregion
    const names = new Set(points.map(({ point }) => point));
    expect([...names].sort()).toEqual([
      'halfmq:store:after-commit',
      'halfmq:store:before-commit',
      'halfmq:transaction:after-commit',
      'halfmq:transaction:after-end',
      'halfmq:transaction:after-half',
      'halfmq:transaction:before-half',
      'halfmq:transaction:handled',
    ]);
  }, 120_000);

  it('finds a message that is lost, because it is sent after the transaction', async () => {
    const { at, expected, actual, message } = await rehearsed(SendsAfterwards);
    expect(at).toEqual({ point: 'halfmq:store:before-commit', pass: 1 });
    expect(actual).toMatchObject({ outcome: { orders: 1, stock: [{ onHand: 3 }] }, delivered: {} });
    expect(expected).toMatchObject([
      { outcome: { orders: 1, stock: [{ onHand: 2 }] }, delivered: { 'shop-order-placed': 1 } },
      { outcome: { orders: 0, stock: [{ onHand: 3 }] }, delivered: {} },
    ]);
    expect(message).toMatch(/after a crash at halfmq:store:before-commit.*what happened:.*--- crash ---/s);
  }, 120_000);

  it('finds a message without its order, because it is sent before the commit', async () => {
    const { at, actual } = await rehearsed(SendsBefore);
    expect(at).toEqual({ point: 'halfmq:store:after-commit', pass: 1 });
    expect(actual).toMatchObject({ outcome: { orders: 0, stock: [{ onHand: 2 }] } });
  }, 120_000);
});
