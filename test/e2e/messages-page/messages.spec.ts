import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  cloudEventOf,
  Ctx,
  DeadLetter,
  MessageContext,
  MessageHandler,
  Messages,
  Payload,
  RetryIn,
  Skip,
  topic,
} from '@halfmq/transaction/nest';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { HalfmqClient } from '@halfmq/transaction';
import { HalfmqModule } from '@halfmq/transaction/nest';

interface Order {
  readonly orderId: string;
  readonly sku: string;
}

const sent: string[] = [];
const mailer = {
  send: async (orderId: string, { signal }: { signal: AbortSignal }): Promise<void> => {
    signal.throwIfAborted();
    sent.push(orderId);
  },
};

// #region topics
const PaymentDue = topic<Order>('payment-due', { key: (order) => order.orderId });
const PriceAsked = topic<{ sku: string }>('price-asked');
const MailWanted = topic<Order>('mail-wanted');
// #endregion

// #region orders
@Injectable()
class Orders {
  constructor(private readonly messages: Messages) {}

  async place(order: Order) {
    const { cents } = await this.messages.request<{ cents: number }>(PriceAsked, { sku: order.sku });
    const reminder = await this.messages.send(PaymentDue, order, { delay: '15m' });
    return { cents, paid: () => this.messages.recall(reminder) };
  }
}
// #endregion

// #region handlers
@Injectable()
class Handlers {
  @MessageHandler(PriceAsked, { group: 'prices' })
  price(@Payload() { sku }: { sku: string }) {
    return { cents: sku === 'tea' ? 450 : 900 };
  }

  @MessageHandler(MailWanted, { group: 'mailers', timeout: '30s' })
  async mail(@Payload() { orderId }: Order, @Ctx() context: MessageContext) {
    if (orderId.startsWith('test-')) throw new Skip('orders of tests get no mail');
    if (orderId === '') throw new DeadLetter('an order without a number');
    if (new Date().getHours() > 24) throw new RetryIn('1h');
    await mailer.send(orderId, { signal: context.signal });
  }
}
// #endregion

// #region cloud-events
const Shipped = topic<Order>('shipped', {
  cloudEvents: { source: '/shop', type: 'com.example.order.shipped', subject: (order) => order.orderId },
});

@Injectable()
class Tracking {
  events: string[] = [];

  @MessageHandler(Shipped, { group: 'tracking' })
  shipped(@Payload() { sku }: Order, @Ctx() { message }: MessageContext) {
    const event = cloudEventOf(message);
    this.events.push(`${sku}: ${event?.type} of ${event?.subject}`);
  }
}
// #endregion

let broker: TestBroker;
let app: INestApplicationContext;
const reminded: string[] = [];

@Injectable()
class Reminders {
  @MessageHandler(PaymentDue, { group: 'reminders' })
  remind(@Payload() { orderId }: Order): void {
    reminded.push(orderId);
  }
}

beforeAll(async () => {
  broker = await createTestBroker();
  const root = {
    module: class Root {},
    imports: [HalfmqModule.forRoot({ ...broker.clientOptions, group: 'shop' })],
    providers: [Orders, Handlers, Reminders, Tracking],
  };
  app = await NestFactory.createApplicationContext(root, { logger: false });
});
afterAll(async () => {
  await app?.close();
  await broker?.close();
});

it('asks for a price, reminds who has not paid, and nobody who has', async () => {
  const orders = app.get(Orders);
  const placed = orders.place({ orderId: '1', sku: 'tea' });
  // the first message of a topic makes it, and its consumers have to hear of that
  await broker.settle();
  const paid = await placed;
  const open = await orders.place({ orderId: '2', sku: 'cake' });
  expect([paid.cents, open.cents]).toEqual([450, 900]);
  await paid.paid();
  await broker.advance('1h');
  expect(new Set(reminded)).toEqual(new Set(['2']));
});

it('mails what is to be mailed', async () => {
  const messages = app.get(Messages);
  for (const orderId of ['test-1', '', '7']) await messages.send(MailWanted, { orderId, sku: 'tea' });
  await broker.settle();
  expect(new Set(sent)).toEqual(new Set(['7']));
  expect(broker.deadLetters('mailers')).toHaveLength(1);
});

it('reads CloudEvents in either mode; what only says that it is one rests in the dead-letter topic', async () => {
  const messages = app.get(Messages);
  await messages.send(Shipped, { orderId: '8', sku: 'tea' });
  const structured = { source: '/other', type: 'com.example.order.shipped', mode: 'structured' } as const;
  await messages.send(topic<Order>('shipped', { cloudEvents: structured }), { orderId: '9', sku: 'jam' });
  const properties = { CE_contenttype: 'application/cloudevents+json' };
  await messages.send('shipped', { no: 'event' }, { properties });
  await broker.advance('30s');
  expect(new Set(app.get(Tracking).events)).toEqual(
    new Set(['tea: com.example.order.shipped of 8', 'jam: com.example.order.shipped of undefined']),
  );
  expect(broker.deadLetters('tracking')).toHaveLength(1);
});

it('does the same without Nest', async () => {
  const { clientOptions } = broker;
  const questions = 'questions';
  // it exists: nobody has to hear of it first
  await (await broker.connect()).producer().send({ topic: questions, body: 'nobody answers this' });
  // #region plain
  const client = new HalfmqClient(clientOptions);
  await client.start();
  const producer = client.producer();
  const consumer = client.consumer({
    group: 'answering',
    subscriptions: { [questions]: '*' },
    handle: (message) => producer.reply(message, `re: ${message.body.toString()}`),
  });
  await consumer.start();
  const answer = await producer.request({ topic: questions, body: 'how are you?' }, { timeoutMs: 5_000 });
  const later = await producer.send({ topic: questions, body: 'never mind', delayMs: 60_000 });
  await producer.recall(questions, later.recallHandle ?? '');
  // #endregion
  expect(answer.body.toString()).toBe('re: how are you?');
  await client.close();
});
