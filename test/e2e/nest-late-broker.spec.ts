import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, createServer, type Server } from 'node:net';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ManualClock } from '@halfmq/remoting';
import { BrokerRefused, silentLog } from '@halfmq/transaction';
import { HalfmqModule, MessageHandler, Payload, sql } from '@halfmq/transaction/nest';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { freePort } from '../kit/ports.js';
import { until } from '../kit/until.js';

const TOPIC = 'late-topic';

const breathing = (): ManualClock =>
  new ManualClock(undefined, () => new Promise((resolve) => setTimeout(resolve, 5)));

describe('a Nest application that is there before its brokers, of which one refuses a group', () => {
  let cluster: InProcessCluster;
  let door: Server | undefined;
  let app: INestApplicationContext | undefined;
  let clock: ManualClock;
  let seen: string[];
  let errors: unknown[];

  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    await cluster.startBroker('late', { enablePropertyFilter: 'false' });
    const client = await cluster.connect();
    await client.producer().send({ topic: TOPIC, body: '"first"', properties: { kind: 'new' } });
  });
  beforeEach(async () => {
    clock = breathing();
    [seen, errors, app] = [[], [], undefined];
    const port = await freePort();
    await start(port);
    door = await opened(port);
    await until('the one group consumes, the other is refused again and again', async () => {
      await clock.advance(1_000);
      return errors.length > 2 && seen.includes('plain first');
    });
  }, 60_000);
  afterEach(async () => {
    await app?.close();
    door?.close();
  });
  afterAll(() => cluster?.close());

  /** Resolves when it has begun to look for a name server, of which there is none. */
  async function start(port: number): Promise<void> {
    const said = seen;
    class Handlers {
      @MessageHandler(TOPIC, { group: `plain-${port}`, from: 'first' })
      plain(@Payload() body: string): void {
        said.push(`plain ${body}`);
      }

      @MessageHandler(TOPIC, { group: `choosy-${port}`, from: 'first', selector: sql("kind = 'new'") })
      choosy(@Payload() body: string): void {
        said.push(`choosy ${body}`);
      }
    }
    const error = (_line: string, fields?: object): void =>
      void errors.push((fields as { error?: unknown }).error);
    const nameServers = `127.0.0.1:${port}`;
    const log = { ...silentLog, error };
    const root = {
      module: class Root {},
      imports: [HalfmqModule.forRoot({ nameServers, group: 'tests', log, clock })],
      providers: [Handlers],
    };
    void NestFactory.createApplicationContext(root, { logger: false }).then((started) => (app = started));
    await until('it has started', async () => {
      await clock.advance(250);
      return app;
    });
  }

  /** A way to the name server. */
  async function opened(port: number): Promise<Server> {
    const { port: at } = cluster.namesrvs[0]!;
    const server = createServer((from) => {
      const to = connect(at, '127.0.0.1');
      from.pipe(to).pipe(from);
      for (const socket of [from, to]) socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  it('is told each time why, and tries no more when it is closed', async () => {
    for (const error of errors) expect(error).toBeInstanceOf(BrokerRefused);
    await app?.close();
    expect(clock.pending).toBe(0);
  });

  it('begins with the group when it is taken', async () => {
    await cluster.stopBroker('late');
    await cluster.startBroker('late', { enablePropertyFilter: 'true' });
    await until('the other one consumes, too', async () => {
      await clock.advance(1_000);
      return seen.includes('choosy first');
    });
  }, 40_000);
});
