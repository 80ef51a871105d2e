import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  backoff,
  BatchMessageContext,
  Ctx,
  DeadLetter,
  HalfmqClient,
  HalfmqModule,
  MessageHandler,
  Messages,
  Payload,
  topic,
} from '@halfmq/transaction/nest';
import { createTestBroker, type TestBroker } from '@halfmq/testing';

interface Move {
  readonly sku: string;
  readonly by: number;
}

@Injectable()
class Stock {
  readonly moves: string[] = [];
  readonly rows: number[] = [];

  move(sku: string, by: number): void {
    this.moves.push(`${sku} ${by}`);
    if (by === 0) throw new Error('nothing moves');
  }
}

// #region topics
const StockMoved = topic<Move>('stock-moved', { orderingKey: ({ sku }) => sku });
const RowWanted = topic<{ row: number }>('row-wanted');
// #endregion

// #region handlers
@Injectable()
class Handlers {
  constructor(private readonly stock: Stock) {}

  @MessageHandler(StockMoved, {
    group: 'stock',
    order: 'key',
    retry: backoff({ first: '1s', factor: 3, most: '1m' }),
    maxReconsumeTimes: 5,
    onPoison: 'deadLetter',
  })
  move(@Payload() { sku, by }: Move): void {
    this.stock.move(sku, by);
  }

  @MessageHandler(RowWanted, { group: 'rows', batch: 100 })
  write(@Payload() rows: { row: number }[], @Ctx() context: BatchMessageContext): void {
    for (const [index, { row }] of rows.entries())
      if (row < 0) context.fail(index, new DeadLetter('no such row'));
      else this.stock.rows.push(row);
  }
}
// #endregion

// #region lite
@Injectable()
class Rows {
  constructor(private readonly client: HalfmqClient) {}

  async since(begin: Date, most: number): Promise<string[]> {
    const lite = this.client.litePull({ group: 'reports', autoCommit: false });
    await lite.assign(await lite.queues('row-wanted'));
    for (const queue of lite.assignment) await lite.seek(queue, begin);
    const rows: string[] = [];
    for await (const { body } of lite) if (rows.push(body.toString()) === most) break;
    await lite.close();
    return rows;
  }
}
// #endregion

let broker: TestBroker;
let app: INestApplicationContext;
beforeAll(async () => {
  broker = await createTestBroker({ hostile: false });
  const root = {
    module: class Root {},
    imports: [HalfmqModule.forRoot({ ...broker.clientOptions, group: 'shop' })],
    providers: [Stock, Handlers, Rows],
  };
  app = await NestFactory.createApplicationContext(root, { logger: false });
});
afterAll(async () => {
  await app?.close();
  await broker?.close();
});

it('moves the stock of each article in order, and poison ends among the dead letters', async () => {
  const messages = app.get(Messages);
  for (const [sku, by] of [
    ['tea', 0],
    ['tea', 1],
    ['tea', 2],
  ] as const)
    await messages.send(StockMoved, { sku, by });
  await broker.advance('5m');
  const { moves } = app.get(Stock);
  expect(moves).toEqual([...Array.from({ length: 6 }, () => 'tea 0'), 'tea 1', 'tea 2']);
  expect(broker.deadLetters('stock')).toHaveLength(1);
});

it('writes rows, and drops those there are not', async () => {
  const messages = app.get(Messages);
  for (const row of [1, -1, 2]) await messages.send(RowWanted, { row });
  await broker.settle();
  expect(new Set(app.get(Stock).rows)).toEqual(new Set([1, 2]));
  expect(broker.deadLetters('rows')).toHaveLength(1);
});

it('reads what was sent since a time, when it is asked to', async () => {
  await broker.advance('1h');
  const begin = new Date(broker.clock.now());
  const messages = app.get(Messages);
  for (const row of [7, 8]) await messages.send(RowWanted, { row });
  const rows = await app.get(Rows).since(begin, 2);
  expect(rows.toSorted()).toEqual(['{"row":7}', '{"row":8}']);
});

it('does the same without Nest', async () => {
  const client = await broker.connect();
  await client.producer().send({ topic: 'row-wanted', body: ' ' });
  await start(client);
  await broker.settle();
  expect(broker.deadLetters('rows-again')).toHaveLength(1);
});

async function start(client: HalfmqClient): Promise<void> {
  // #region plain
  const consumer = client.consumer({
    group: 'rows-again',
    subscriptions: { 'row-wanted': '*' },
    from: 'first',
    batch: 100,
    handle: async (messages, context) => {
      for (const message of messages)
        if (message.body.toString().trim() === '') context.fail(message, new DeadLetter('empty'));
    },
  });
  await consumer.start();
  // #endregion
}
