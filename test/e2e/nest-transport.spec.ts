import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, ForbiddenException, type CanActivate, UseGuards } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { silentLog } from '@halfmq/transaction';
import {
  DeadLetter,
  HalfmqClient,
  HalfmqRecord,
  MessageContext,
  RetryIn,
  Skip,
  type SendReceipt,
} from '@halfmq/transaction/microservice';
import { firstValueFrom, lastValueFrom, of, timer, toArray } from 'rxjs';
import { freePort } from '../kit/ports.js';
import { NestServices } from '../kit/nest-services.js';
import { until } from '../kit/until.js';

describe('HalfmqServer and HalfmqClient', () => {
  let services: NestServices;
  beforeEach(async () => {
    services = await NestServices.begin();
  });
  afterEach(() => services?.broker.close());

  it('bring events to @EventPattern and answers of @MessagePattern back, object patterns too', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Orders {
      @EventPattern<unknown>('order.placed')
      placed(@Payload() order: unknown, @Ctx() { message, reconsumeTimes }: MessageContext): void {
        const { topic, keys, tag } = message;
        seen.push({ order, topic, keys, tag, reconsumeTimes });
      }

      @MessagePattern({ cmd: 'sum' })
      sum(@Payload() numbers: number[]): number {
        return numbers.reduce((a, b) => a + b, 0);
      }

      @MessagePattern('each')
      each(): unknown {
        return of(1, 2, 3);
      }

      @MessagePattern('nothing')
      nothing(): void {}
    }
    await services.start({ controllers: [Orders] });
    const { client, broker } = services;
    const receipt = await lastValueFrom(client.emit<SendReceipt>('order.placed', { id: 7 }));
    expect(receipt).toMatchObject({ topic: 'order-placed', status: 'stored' });
    const record = new HalfmqRecord({ id: 8 }, { keys: ['o-8'], tag: 'big' });
    await lastValueFrom(client.emit('order.placed', record));
    await broker.settle();
    const first = { topic: 'order-placed', reconsumeTimes: 0 };
    expect(seen).toEqual([
      { ...first, order: { id: 7 }, keys: [], tag: undefined },
      { ...first, order: { id: 8 }, keys: ['o-8'], tag: 'big' },
    ]);
    expect(await lastValueFrom(client.send<number>({ cmd: 'sum' }, [1, 2, 3]).pipe(toArray()))).toEqual([6]);
    expect(await firstValueFrom(client.send('each', {}))).toBe(3);
    expect(await firstValueFrom(client.send('nothing', {}))).toBeNull();
  });

  it('an event whose handler throws comes again, in RocketMQ levels, or as the handler asks', async () => {
    const seen: string[] = [];
    @Controller()
    class Handlers {
      @EventPattern<unknown>('tried')
      try(@Payload() { what }: { what: string }, @Ctx() context: MessageContext): void {
        seen.push(`${what} ${context.reconsumeTimes}`);
        if (context.reconsumeTimes > 0) return;
        if (what === 'fails') throw new Error('not now');
        if (what === 'soon') throw new RpcException(new RetryIn('1s'));
        throw new RpcException(new DeadLetter('never'));
      }
    }
    await services.start({ controllers: [Handlers] });
    const { client, broker } = services;
    for (const what of ['fails', 'soon', 'never']) await lastValueFrom(client.emit('tried', { what }));
    await broker.settle();
    expect(seen.splice(0).sort()).toEqual(['fails 0', 'never 0', 'soon 0']);
    await broker.advance('2s');
    expect(seen.splice(0)).toEqual(['soon 1']);
    await broker.advance('15s');
    expect(seen).toEqual(['fails 1']);
    expect(broker.deadLetters('service')).toHaveLength(1);
  });

  it('who asks hears what the handler threw, or that nobody answers; the question is done with', async () => {
    const calls: string[] = [];
    class OnlyTea implements CanActivate {
      canActivate(context: { switchToRpc(): { getData(): unknown } }): boolean {
        if (context.switchToRpc().getData() === 'gin') throw new RpcException('no gin here');
        return true;
      }
    }
    @Controller()
    class Handlers {
      @UseGuards(OnlyTea)
      @MessagePattern('price')
      price(@Payload() sku: string): number {
        calls.push(sku);
        if (sku === 'jam') throw new RpcException({ code: 404, sku });
        if (sku === 'ham') throw new RpcException({ stock: 5n });
        if (sku === 'rum') return { stock: 5n } as unknown as number;
        throw new ForbiddenException('a secret of the service');
      }

      @MessagePattern('slow')
      slow(): unknown {
        return timer(60_000);
      }
    }
    await services.start({ controllers: [Handlers] });
    const { client, broker } = services;
    const asked = (sku: string): Promise<unknown> =>
      firstValueFrom(client.send('price', sku)).catch((e: unknown) => e);
    expect(await asked('gin')).toEqual({ status: 'error', message: 'no gin here' });
    expect(await asked('jam')).toEqual({ code: 404, sku: 'jam' });
    expect(await asked('tea')).toEqual({ status: 'error', message: 'Internal server error' });
    for (const sku of ['rum', 'ham'])
      expect(await asked(sku)).toMatchObject({ status: 'error', message: expect.stringMatching(/BigInt/) });
    await broker.advance('1h');
    expect(calls).toEqual(['jam', 'tea', 'rum', 'ham']);
    const nobody = firstValueFrom(client.send('nobody.listens', 1)).catch((e: unknown) => e);
    await broker.settle();
    await broker.advance('11s');
    expect(await nobody).toMatchObject({ code: 'REQUEST_TIMED_OUT', topic: 'nobody-listens' });
  });

  it('who asks is answered by the second attempt, when the handler wants one; a skipped question is answered', async () => {
    const attempts: number[] = [];
    @Controller()
    class Handlers {
      @MessagePattern('patient')
      patient(@Payload() _data: unknown, @Ctx() { reconsumeTimes }: MessageContext): string {
        attempts.push(reconsumeTimes);
        if (reconsumeTimes === 0) throw new RpcException(new RetryIn('1s'));
        return 'at last';
      }

      @MessagePattern('skipped')
      skipped(): void {
        throw new RpcException(new Skip('nothing to me'));
      }
    }
    await services.start({ controllers: [Handlers] });
    const { client, broker } = services;
    const answer = firstValueFrom(client.send('patient', 1));
    await until('it was tried', () => attempts.length === 1);
    await broker.advance('3s');
    expect(await answer).toBe('at last');
    expect(attempts).toEqual([0, 1]);
    const skipped = await firstValueFrom(client.send('skipped', 1)).catch((error: unknown) => error);
    expect(skipped).toEqual({ status: 'error', message: 'nothing to me' });
  });

  it('work with whatever else speaks RocketMQ: text and JSON, with or without Nest', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Handlers {
      @EventPattern<unknown>('greeted')
      greeted(@Payload() data: unknown): void {
        seen.push(data);
      }
    }
    await services.start({ controllers: [Handlers] });
    const { client, broker } = services;
    const plain = await broker.connect();
    const producer = plain.producer();
    await producer.send({ topic: 'greeted', body: 'Hello RocketMQ 0' });
    await producer.send({ topic: 'greeted', body: '{"hello":1}' });
    const heard: unknown[] = [];
    const consumer = plain.consumer({
      group: 'plain',
      subscriptions: { answered: '*' },
      makeTopics: true,
      handle: async (message) => {
        heard.push(message.body.toString());
        if (message.properties.has('REPLY_TO_CLIENT')) await producer.reply(message, 'no JSON');
      },
    });
    await consumer.start();
    await lastValueFrom(client.emit('answered', { a: 1 }));
    expect(await firstValueFrom(client.send('answered', 2))).toBe('no JSON');
    await broker.settle();
    expect(seen).toEqual(expect.arrayContaining(['Hello RocketMQ 0', { hello: 1 }]));
    expect(heard).toEqual(['{"a":1}', '2']);
  });

  it('an event that cannot be sent is told in the log, also where nobody subscribes', async () => {
    const said: string[] = [];
    const log = { ...silentLog, error: (line: string) => void said.push(line) };
    const { clock, nameServers } = services.broker.clientOptions;
    const client = services.broker.use(new HalfmqClient({ clock, nameServers, log }));
    client.emit('orders.*', 1);
    await until('the refused pattern is told', () => said.includes('the event orders.* was not sent'));
    const away = `127.0.0.1:${await freePort()}`;
    const lost = services.broker.use(new HalfmqClient({ nameServers: away, log, startTimeoutMs: 10 }));
    lost.emit('placed', 1);
    await until('the missing name server is told', () =>
      said.includes('a Nest client cannot connect: what it was to send is not sent'),
    );
  });

  it('metadata of a packet, which instrumentation sets, travels as properties', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Handlers {
      @EventPattern<unknown>('marked')
      marked(@Payload() _data: unknown, @Ctx() { message }: MessageContext): void {
        seen.push(message.properties.get('tenant'));
      }
    }
    await services.start({ controllers: [Handlers] });
    const { client, broker } = services;
    client.setOnDispatchHook((packet) => (packet.metadata = { tenant: 'blue' }));
    await lastValueFrom(client.emit('marked', 1));
    await broker.settle();
    expect(seen).toEqual(['blue']);
  });

  it('each group gets every event; several methods for one event all do', async () => {
    const seen: string[] = [];
    const service = (name: string) => {
      @Controller()
      class Listening {
        @EventPattern<unknown>('told')
        one(): void {
          seen.push(`${name} one`);
        }
        @EventPattern<unknown>('told')
        other(): void {
          seen.push(`${name} other`);
        }
      }
      return services.start({ controllers: [Listening], options: { group: name } });
    };
    await service('first');
    await service('second');
    await lastValueFrom(services.client.emit('told', 1));
    await services.broker.settle();
    expect(seen.sort()).toEqual(['first one', 'first other', 'second one', 'second other']);
  });
});
