import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  HalfmqClient,
  MessageHandler,
  MessageInvalid,
  Messages,
  Payload,
  RequestTimedOut,
  topic,
  Transactions,
  Tx,
} from '@halfmq/transaction/nest';
import type { EntityManager } from 'typeorm';
import { Booking, NestApplications } from '../kit/nest-applications.js';
import { until } from '../kit/until.js';

const Priced = topic<{ sku: string }>('price-asked');
const Taken = topic<{ sku: string }>('booking-asked');
const Told = topic<{ sku: string }>('shelf-told');

describe('requests of a Nest application', () => {
  let apps: NestApplications;
  beforeAll(async () => {
    apps = await NestApplications.begin();
  }, 60_000);
  afterEach(() => apps?.closeAll());
  afterAll(() => apps?.end());

  it('are answered with what the handler returns, once its transaction has committed', async () => {
    const told: string[] = [];
    @Injectable()
    class Shelf {
      @MessageHandler(Priced, { group: 'prices', from: 'first' })
      price(@Payload() { sku }: { sku: string }): { sku: string; cents: number } {
        return { sku, cents: sku.length * 100 };
      }

      @MessageHandler(Taken, { group: 'bookings', from: 'first', dedupe: 'transaction' })
      async book(@Payload() { sku }: { sku: string }, @Tx() manager: EntityManager): Promise<number> {
        return (await manager.save(Booking, { sku })).id;
      }

      @MessageHandler(Told, { group: 'told', from: 'first' })
      tell(@Payload() { sku }: { sku: string }): string {
        told.push(sku);
        return 'nobody asked';
      }
    }
    const app = await apps.start([Shelf], { imports: [await apps.database()] });
    const messages = app.get(Messages);
    const options = { timeout: '20s' } as const;
    expect(await messages.request(Priced, { sku: 'tea' }, options)).toEqual({ sku: 'tea', cents: 300 });
    const id = await messages.request<number>(Taken, { sku: 'cake' }, options);
    expect(await app.get(Transactions).run((manager) => manager.findOneBy(Booking, { id }))).toMatchObject({
      sku: 'cake',
    });
    await messages.send(Told, { sku: 'jam' });
    await until('what is no request is handled as ever', () => told.length === 1);
  });

  it('end with an error when nobody answers in time', async () => {
    const app = await apps.start([]);
    const asked = app.get(Messages).request('nobody-listens', { sku: 'tea' }, { timeout: 200 });
    await expect(asked).rejects.toBeInstanceOf(RequestTimedOut);
  });

  it('end with an error when the answer is no JSON, as another language may send it', async () => {
    const app = await apps.start([]);
    const client = app.get(HalfmqClient);
    const answering = client.producer();
    const consumer = client.consumer({
      group: 'answers-in-text',
      subscriptions: { 'text-asked': '*' },
      from: 'first',
      handle: (message) => answering.reply(message, 'yes, of course'),
    });
    await consumer.start();
    const asked = app.get(Messages).request('text-asked', { sku: 'tea' }, { timeout: '20s' });
    const failure = await asked.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MessageInvalid);
    expect(String(failure)).toContain('the reply to a request to text-asked is no JSON: "yes, of course"');
  });

  it('may be taken back while they wait for their time', async () => {
    const app = await apps.start([]);
    const messages = app.get(Messages);
    await messages.recall(await messages.send('reminders', { id: 1 }, { delay: '1h' }));
    await expect(messages.recall(await messages.send('reminders', { id: 2 }))).rejects.toThrow(
      'recall handle',
    );
  });
});
