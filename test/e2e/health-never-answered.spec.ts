import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { ManualClock } from '@halfmq/remoting';
import { silentLog } from '@halfmq/transaction';
import { HalfmqHealth, HalfmqModule, MessageHandler } from '@halfmq/transaction/nest';
import { NamesrvCaller } from '../kit/namesrv-caller.js';
import { freePort } from '../kit/ports.js';
import { until } from '../kit/until.js';

/** A name server still names a broker that is gone: the application has never met it. */
describe('the health of an application whose broker never answers', () => {
  let namesrv: RunningNamesrv;
  let gone: NamesrvCaller;
  let app: INestApplicationContext | undefined;
  beforeEach(async () => {
    namesrv = await startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1' } });
    gone = new NamesrvCaller(namesrv);
    const header = { brokerAddr: `127.0.0.1:${await freePort()}` };
    expect((await gone.register('gone', { topics: ['t', 'TBW102'], header })).code).toBe(0);
  });
  afterEach(async () => {
    await app?.close();
    await gone?.client.close();
    await namesrv?.close();
  });

  class Handlers {
    @MessageHandler('t', { group: 'shared' })
    shared(): void {}

    @MessageHandler('t', { group: 'everybody', model: 'broadcasting' })
    everybody(): void {}
  }

  it('is up for as long as a poll may take, then it is down', async () => {
    const clock = new ManualClock(undefined, () => new Promise((resolve) => setTimeout(resolve, 1)));
    const nameServers = namesrv.address;
    const options = { nameServers, clock, pullHoldMs: 15_000, group: 'app', log: silentLog };
    const root = {
      module: class Root {},
      imports: [HalfmqModule.forRoot(options)],
      providers: [Handlers],
    };
    app = await NestFactory.createApplicationContext(root, { logger: false });
    const health = app.get(HalfmqHealth);
    expect(health.check('mq').mq.status).toBe('up');
    await clock.advance(40_000);
    expect(health.check('mq').mq.status).toBe('up');
    await until('the silence is too long', async () => {
      await clock.advance(1_000);
      const { status, message = '' } = health.check('mq').mq;
      const said = ['shared was not told which queues', 'everybody has not heard of queue 3 of t at gone'];
      return status === 'down' && said.every((each) => message.includes(each));
    });
  });
});
