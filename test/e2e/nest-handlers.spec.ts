import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Catch,
  type CanActivate,
  type ExceptionFilter,
  Injectable,
  Logger,
  type PipeTransform,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  Ctx,
  DeadLetter,
  HalfmqClient,
  MessageContext,
  MessageHandler,
  Messages,
  Payload,
  RetryIn,
  topic,
  Transactions,
  Tx,
} from '@halfmq/transaction/nest';
import { IsInt, Min } from 'class-validator';
import { DataSource, EntityManager } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { Booking, NestApplications } from '../kit/nest-applications.js';
import { until } from '../kit/until.js';

const Booked = topic<{ id: number; sku: string }>('booked', { key: (body) => String(body.id) });

describe('handlers of a Nest application', () => {
  let apps: NestApplications;

  beforeAll(async () => {
    apps = await NestApplications.begin();
  }, 60_000);
  afterEach(() => apps?.closeAll());
  afterAll(() => apps?.end());

  it('changes its database and sends in one act; a handler writes once and sends on, in one act', async () => {
    const OnShelf = topic<{ id: number }>('on-shelf');
    const shelved: number[] = [];
    @Injectable()
    class Bookings {
      constructor(private readonly transactions: Transactions) {}

      book(sku: string): Promise<number> {
        return this.transactions.run(async (manager, send) => {
          const { id } = await manager.save(Booking, { sku });
          send(Booked, { id, sku });
          return id;
        });
      }

      @MessageHandler(Booked, { group: 'shelf', dedupe: 'transaction', from: 'first' })
      async shelve(
        @Payload() { id }: { id: number },
        @Tx() manager: EntityManager,
        @Ctx() context: MessageContext,
      ): Promise<void> {
        await manager.update(Booking, { id }, { sku: `shelved ${context.message.keys.join()}` });
        context.send(OnShelf, { id });
        await this.transactions.run(async (joined, send) => {
          await joined.save(Booking, { sku: 'nested' });
          send(OnShelf, { id: -id });
        });
      }

      @MessageHandler(OnShelf, { group: 'shelf' })
      note(@Payload('id') id: number): void {
        shelved.push(id);
      }
    }
    const app = await apps.start([Bookings], { imports: [await apps.database()] });
    const id = await app.get(Bookings).book('tea');
    await until('both messages of the handler came', () => shelved.length === 2);
    expect(shelved.sort((a, b) => a - b)).toEqual([-id, id]);
    const rows = await app
      .get(DataSource)
      .getRepository(Booking)
      .find({ order: { id: 'ASC' } });
    expect(rows.map((row) => row.sku)).toEqual([`shelved ${id}`, 'nested']);
    const marked = await app.get(DataSource).query('SELECT consumer_group, topic FROM halfmq_inbox');
    expect(marked).toEqual([{ consumer_group: 'shelf', topic: 'booked' }]);
  }, 40_000);

  it('handles a message again until it succeeds, once it has, never more; gives up when told', async () => {
    const Tried = topic<{ what: 'retry' | 'dead' }>('tried');
    const seen: string[] = [];
    const alarms: unknown[] = [];
    @Injectable()
    class Handlers {
      @MessageHandler(Tried, { group: 'tries', dedupe: 'transaction', from: 'first' })
      async handle(
        @Payload() { what }: { what: string },
        @Tx() manager: EntityManager,
        @Ctx() context: MessageContext,
      ): Promise<void> {
        await manager.save(Booking, { sku: what });
        seen.push(`${what} ${context.reconsumeTimes}`);
        if (what === 'dead') throw new DeadLetter('never');
        if (context.reconsumeTimes === 0) throw new RetryIn('1s');
      }
    }
    const app = await apps.start([Handlers], { imports: [await apps.database()] });
    Logger.overrideLogger({ log: () => {}, warn: () => {}, error: (line: unknown) => alarms.push(line) });
    const messages = app.get(Messages);
    await messages.send(Tried, { what: 'retry' });
    await messages.send(Tried, { what: 'dead' });
    const dead = await note(app.get(HalfmqClient), '%DLQ%tries', { group: 'undertaker' });
    await until('the dead letter lies there', () => dead.seen.length === 1);
    await until('the retry has come', () => seen.includes('retry 1'));
    expect(seen.sort()).toEqual(['dead 0', 'retry 0', 'retry 1']);
    await until('one row is committed', async () => {
      const rows = await app.get(DataSource).getRepository(Booking).find();
      return rows.length === 1 && rows[0]?.sku === 'retry';
    });
    Logger.overrideLogger(false);
    // what a handler asks for is no failure of the application
    expect(alarms).toEqual([]);
  }, 40_000);

  it('applies guards, pipes and filters; what a filter has swallowed is done with, its writes undone', async () => {
    const Filtered = topic<{ sku: string }>('filtered');
    const seen: unknown[] = [];
    class OnlyTea implements CanActivate {
      canActivate(context: { switchToRpc(): { getData(): unknown } }): boolean {
        return (context.switchToRpc().getData() as { sku: string }).sku !== 'gin';
      }
    }
    class Upper implements PipeTransform {
      transform({ sku }: { sku: string }): unknown {
        return { sku: sku.toUpperCase() };
      }
    }
    @Catch()
    class Swallow implements ExceptionFilter {
      catch(error: Error): string {
        seen.push(error.message);
        return 'swallowed';
      }
    }
    @Injectable()
    class Handlers {
      @UseGuards(OnlyTea)
      @UseFilters(Swallow)
      @MessageHandler(Filtered, { group: 'filtered', dedupe: 'transaction', from: 'first' })
      async handle(@Payload(Upper) { sku }: { sku: string }, @Tx() manager: EntityManager): Promise<void> {
        await manager.save(Booking, { sku });
        if (sku === 'BAD') throw new Error('bad one');
        seen.push(sku);
      }
    }
    const app = await apps.start([Handlers], { imports: [await apps.database()] });
    for (const sku of ['bad', 'gin', 'tea']) await app.get(Messages).send(Filtered, { sku });
    await until('all three were seen', () => seen.length === 3);
    expect(seen.map(String).sort()).toEqual(['Forbidden resource', 'TEA', 'bad one']);
    await until('one row is committed', async () => {
      const rows = await app.get(DataSource).getRepository(Booking).find();
      return rows.length === 1 && rows[0]?.sku === 'TEA';
    });
  }, 40_000);

  it('checks bodies by class, when sent and when received', async () => {
    class Amount {
      @IsInt()
      @Min(1)
      cents!: number;
    }
    const Paid = topic('paid', { schema: Amount });
    const seen: unknown[] = [];
    @Injectable()
    class Handlers {
      @MessageHandler(Paid, { group: 'paid', from: 'first' })
      handle(@Payload() body: Amount): void {
        seen.push(body);
      }
    }
    const app = await apps.start([Handlers]);
    const messages = app.get(Messages);
    await expect(messages.send(Paid, { cents: 0 })).rejects.toThrow('cents must not be less than 1');
    await messages.send('paid', { cents: 'many' });
    await messages.send(Paid, { cents: 5 });
    const dead = await note(app.get(HalfmqClient), '%DLQ%paid', { group: 'undertaker-of-paid' });
    await until('the good one came', () => seen.length === 1);
    expect(seen[0]).toBeInstanceOf(Amount);
    await until('the bad one is dead', () => dead.seen.length === 1);
  }, 40_000);
});
