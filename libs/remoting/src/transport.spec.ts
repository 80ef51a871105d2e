import 'reflect-metadata';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Catch,
  Controller,
  Inject,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  type CanActivate,
  type ExceptionFilter,
  type INestMicroservice,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { of } from 'rxjs';
import { RemotingClient } from './client.js';
import { systemClock } from './clock.js';
import { DONE, type Outcome, type RequestContext } from './connection.js';
import { silentLog } from './log.js';
import {
  deleteKvConfig,
  deleteTopicInNamesrv,
  getKvConfig,
  getBrokerClusterInfo,
  getRouteinfoByTopic,
  putKvConfig,
  type GetRouteinfoByTopicHeader,
} from './requests/index.js';
import { StatusError } from './status.js';
import { Request, RemotingTransport } from './transport.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const NAME = 'name of this application';

@Injectable()
class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class Unpaid extends Error {}

@Catch(Unpaid)
class UnpaidIsBusy implements ExceptionFilter {
  catch(): unknown {
    return of<Outcome>({ status: 'SYSTEM_BUSY', remark: 'pay first' });
  }
}

@Controller()
class Kv {
  constructor(@Inject(NAME) private readonly name: string) {}

  @Request(getRouteinfoByTopic)
  route(header: GetRouteinfoByTopicHeader, context: RequestContext): Outcome {
    return { status: 'OK', remark: `${this.name}:${header.topic}:${context.code}`, body: context.body };
  }

  @Request(getBrokerClusterInfo)
  async cluster(): Promise<Outcome> {
    await Promise.resolve();
    return DONE;
  }

  @Request(getKvConfig)
  missing(): Outcome {
    throw new StatusError('QUERY_NOT_FOUND', 'no such key');
  }

  @UseGuards(Nobody)
  @Request(putKvConfig)
  forbidden(): Outcome {
    return DONE;
  }

  @UseFilters(UnpaidIsBusy)
  @Request(deleteKvConfig)
  unpaid(): Outcome {
    throw new Unpaid();
  }

  @Request(deleteTopicInNamesrv)
  broken(): Outcome {
    throw new TypeError('undefined is not a topic');
  }
}

describe('a Nest application behind the remoting transport', () => {
  const applications: INestMicroservice[] = [];
  const clients: RemotingClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const application of applications.splice(0)) await application.close();
  });

  async function start(name: string): Promise<{ transport: RemotingTransport; ask: Ask }> {
    @Module({ controllers: [Kv], providers: [{ provide: NAME, useValue: name }] })
    class Application {}
    const transport = new RemotingTransport({
      clock: systemClock,
      log: silentLog,
      listen: [
        { port: 0, host: '127.0.0.1' },
        { port: 0, host: '127.0.0.1' },
      ],
    });
    const application = await NestFactory.createMicroservice(Application, {
      strategy: transport,
      logger: false,
    });
    applications.push(application);
    await application.listen();
    const client = new RemotingClient({ clock: systemClock, log: silentLog });
    clients.push(client);
    const ask: Ask = (spec, header, port = transport.ports[0]) =>
      client.request(`127.0.0.1:${port}`, spec, header, Buffer.from('body'), { timeoutMs: 5_000 });
    return { transport, ask };
  }
  type Ask = <H>(
    spec: Parameters<typeof Request<H>>[0],
    header: H,
    port?: number,
  ) => ReturnType<RemotingClient['request']>;

  it('hands the typed header and the context to the method that asked for the request', async () => {
    const { ask } = await start('a');
    const answer = await ask(getRouteinfoByTopic, { topic: 'T' });
    expect(answer).toMatchObject({ code: 0, remark: 'a:T:105' });
    expect(answer.body.toString()).toBe('body');
  });

  it('serves every port it listens on', async () => {
    const { ask, transport } = await start('a');
    expect(transport.ports).toHaveLength(2);
    expect(await ask(getRouteinfoByTopic, { topic: 'T' }, transport.ports[1])).toMatchObject({ code: 0 });
  });

  it('holds each handler once in its table', async () => {
    const { transport } = await start('a');
    expect(transport.table.specs.map((spec) => spec.code)).toEqual([100, 101, 102, 105, 106, 216]);
  });

  it('answers what is thrown: a status with its code, anything else with SYSTEM_ERROR', async () => {
    const { ask } = await start('a');
    const key = { namespace: 'n', key: 'k' };
    expect(await ask(getKvConfig, key)).toMatchObject({ code: 22, remark: 'no such key' });
    expect(await ask(deleteTopicInNamesrv, { topic: 'T' })).toMatchObject({
      code: 1,
      remark: 'TypeError: undefined is not a topic',
    });
  });

  it("asks Nest's guards and the method's own filters", async () => {
    const { ask } = await start('a');
    const key = { namespace: 'n', key: 'k' };
    expect(await ask(putKvConfig, { ...key, value: 'v' })).toMatchObject({ code: 16 });
    expect(await ask(deleteKvConfig, key)).toMatchObject({ code: 2, remark: 'pay first' });
  });

  it('leaves a second application in the same process alone', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const answers = await Promise.all([a, b].map(({ ask }) => ask(getRouteinfoByTopic, { topic: 'T' })));
    expect(answers.map((answer) => answer.remark)).toEqual(['a:T:105', 'b:T:105']);
    await applications[0]?.close();
    expect(await b.ask(getRouteinfoByTopic, { topic: 'T' })).toMatchObject({ remark: 'b:T:105' });
    expect(await b.ask(getBrokerClusterInfo, {})).toMatchObject({ code: 0 });
  });

  it('fails to start when a port is taken, naming it', async () => {
    const { transport } = await start('a');
    const port = transport.ports[0] ?? 0;
    const second = new RemotingTransport({
      clock: systemClock,
      log: silentLog,
      listen: [{ port, host: '127.0.0.1' }],
    });
    @Module({})
    class Empty {}
    const application = await NestFactory.createMicroservice(Empty, { strategy: second, logger: false });
    applications.push(application);
    await expect(application.listen()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  });
});
