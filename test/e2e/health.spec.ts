import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern } from '@nestjs/microservices';
import { type HealthCheckResult, TerminusModule } from '@nestjs/terminus';
import { HalfmqClient, silentLog } from '@halfmq/transaction';
import { HalfmqHealth, HalfmqModule, MessageHandler, Messages } from '@halfmq/transaction/nest';
import { HalfmqServer } from '@halfmq/transaction/microservice';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { freePort } from '../kit/ports.js';
import { HealthController } from './observing-page/health.js';

const HOLD_MS = 15_000;

describe('the health of an application', () => {
  let broker: TestBroker;
  const held: (() => void)[] = [];
  const quiet = { logger: false } as const;

  @Injectable()
  class Handlers {
    @MessageHandler('fast', { group: 'fast' })
    fast(): void {}

    @MessageHandler('slow', { group: 'slow' })
    async slow(): Promise<void> {
      await new Promise<void>((resolve) => held.push(resolve));
    }
  }

  beforeEach(async () => {
    broker = await createTestBroker({ hostile: false });
    const producer = (await broker.connect()).producer();
    for (const topic of ['fast', 'slow']) await producer.send({ topic, body: '1' });
  });
  afterEach(async () => {
    for (const release of held.splice(0)) release();
    await broker?.close();
  });

  function root(nameServers = broker.nameServers) {
    const { clock } = broker;
    const options = { nameServers, clock, pullHoldMs: HOLD_MS, group: 'app', log: silentLog };
    return {
      module: class Root {},
      imports: [HalfmqModule.forRoot(options), TerminusModule],
      providers: [Handlers],
      controllers: [HealthController],
    };
  }

  async function asked(url: string): Promise<[number, HealthCheckResult]> {
    const answer = await fetch(`${url}/health`);
    return [answer.status, (await answer.json()) as HealthCheckResult];
  }

  it('is told through Terminus: queues, lag and last poll of each group', async () => {
    const app = broker.use(await NestFactory.create(root(), quiet));
    await app.listen(0, '127.0.0.1');
    await app.get(Messages).send('slow', 2);
    await broker.settle();
    const [status, { details }] = await asked(await app.getUrl());
    expect(status).toBe(200);
    const lastPoll = expect.stringMatching(/^2026-01-01T/);
    expect(details['halfmq']).toEqual({
      status: 'up',
      groups: {
        fast: { queues: expect.any(Number), lag: 0, lastPoll },
        slow: { queues: expect.any(Number), lag: 2, lastPoll },
      },
    });
  });

  it('tells of what the application reads itself, and of what pops, too', async () => {
    const app = broker.use(await NestFactory.createApplicationContext(root(), quiet));
    const client = app.get(HalfmqClient);
    const health = app.get(HalfmqHealth);
    const groups = () => health.check('mq').mq.groups;
    const lite = client.litePull({ group: 'reports', from: 'first', autoCommit: false });
    const popping = client.consumer({
      group: 'popping',
      subscriptions: { fast: '*' },
      by: 'pop',
      handle: async () => undefined,
    });
    await popping.start();
    await broker.settle();
    expect(groups()).not.toHaveProperty('reports');
    await lite.subscribe({ fast: '*' });
    await broker.advance('20s');
    const lastPoll = expect.stringMatching(/^2026-01-01T/);
    expect(groups()).toMatchObject({
      reports: { queues: 4, lag: 1, lastPoll },
      popping: { queues: 2, lag: 0, lastPoll },
    });
    expect(await lite.poll(0)).toHaveLength(1);
    await lite.commit();
    expect(groups()).toMatchObject({ reports: { lag: 0 } });
    await lite.close();
    expect(groups()).not.toHaveProperty('reports');
    expect(health.check('mq').mq.status).toBe('up');
  });

  it('is down when a group is further behind than it may, and up while its handlers are slow', async () => {
    const app = broker.use(await NestFactory.createApplicationContext(root(), quiet));
    const health = app.get(HalfmqHealth);
    await broker.settle();
    expect(health.check('mq', { maxLag: 0 })).toMatchObject({
      mq: { status: 'down', message: 'slow is 1 behind' },
    });
    await broker.advance('10m');
    expect(health.check('mq')).toMatchObject({ mq: { status: 'up' } });
  });

  it('is down while no name server has answered', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    const { clock: _clock, ...here } = broker.clientOptions;
    const options = { ...here, nameServers: nowhere, group: 'app', log: silentLog };
    const alone = { module: class Root {}, imports: [HalfmqModule.forRoot(options)] };
    const app = await NestFactory.createApplicationContext(alone, quiet);
    expect(app.get(HalfmqHealth).check('mq')).toEqual({
      mq: { status: 'down', groups: {}, message: 'no name server has answered yet' },
    });
    await app.close();
  });

  it('of a HalfmqServer is told in the same words', async () => {
    @Controller()
    class Listening {
      @EventPattern<unknown>('fast')
      fast(): void {}
    }
    const server = new HalfmqServer({ ...broker.clientOptions, group: 'service', log: silentLog });
    const service = { module: class Root {}, controllers: [Listening] };
    const app = broker.use(await NestFactory.createMicroservice(service, { ...quiet, strategy: server }));
    expect(server.check('mq')).toMatchObject({ mq: { status: 'down' } });
    await app.listen();
    await broker.settle();
    expect(server.check('mq')).toMatchObject({ mq: { status: 'up', groups: { service: { lag: 0 } } } });
  });
});
