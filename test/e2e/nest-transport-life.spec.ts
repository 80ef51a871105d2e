import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { startNamesrv } from '@halfmq/namesrv';
import { silentLog } from '@halfmq/transaction';
import { HalfmqServer } from '@halfmq/transaction/microservice';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { freePort } from '../kit/ports.js';
import { NestServices } from '../kit/nest-services.js';
import { until } from '../kit/until.js';

describe('the life of a service that listens by HalfmqServer', () => {
  let services: NestServices;
  beforeEach(async () => {
    services = await NestServices.begin();
  });
  afterEach(() => services?.broker.close());

  it('closing waits for the handler that runs, and for its answer', async () => {
    let end = (): void => undefined;
    let began = false;
    @Controller()
    class Handlers {
      @MessagePattern('long')
      async long(): Promise<string> {
        began = true;
        await new Promise<void>((resolve) => (end = resolve));
        return 'done';
      }
    }
    const app = await services.start({ controllers: [Handlers] });
    const answer = firstValueFrom(services.client.send('long', 1));
    await until('the handler runs', () => began);
    let closed = false;
    const closing = app.close().then(() => (closed = true));
    await services.broker.settle();
    expect(closed).toBe(false);
    end();
    expect(await answer).toBe('done');
    await closing;
  });

  it('a pattern that can be no topic, and two with one topic, stop the start and say what to do', async () => {
    const refusal = (...patterns: string[]) => {
      class Handlers {
        [method: string]: () => void;
      }
      for (const pattern of patterns) {
        const value = (): void => undefined;
        Object.defineProperty(Handlers.prototype, pattern, { value });
        EventPattern<unknown>(pattern)(Handlers.prototype, pattern, { value });
      }
      Controller()(Handlers);
      return services.start({ controllers: [Handlers] }).then(
        () => 'started',
        (error: Error) => error.message,
      );
    };
    expect(await refusal('orders.*')).toMatch(/pattern "orders\.\*" makes no topic.*no wildcards/);
    expect(await refusal('a.b', 'a-b')).toMatch(/"a\.b" and "a-b" both have the topic a-b/);
    const { client } = services;
    await expect(lastValueFrom(client.emit('订单', 1))).rejects.toThrow('makes no topic');
  });

  it('a service starts while no name server answers, says so once, and heals', async () => {
    @Controller()
    class Handlers {
      @EventPattern<unknown>('late')
      late(): void {}
    }
    const warned: string[] = [];
    const log = { ...silentLog, warn: (line: string) => void warned.push(line) };
    const port = await freePort();
    const strategy = new HalfmqServer({ nameServers: `127.0.0.1:${port}`, group: 'late', log });
    const root = { module: class Root {}, controllers: [Handlers] };
    const app = await NestFactory.createMicroservice(root, { strategy, logger: false });
    await app.listen();
    expect(warned).toEqual([expect.stringContaining('starts without a broker')]);
    const namesrv = await startNamesrv({ port, properties: { bindAddress: '127.0.0.1' } });
    await until('it has joined its group', () => strategy.check('mq').mq.status === 'up');
    await app.close();
    await namesrv.close();
  });
});
