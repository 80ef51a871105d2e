import type { INestMicroservice, Provider, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { silentLog } from '@halfmq/transaction';
import { HalfmqClient, HalfmqServer, type HalfmqServerOptions } from '@halfmq/transaction/microservice';

export interface ServiceParts {
  readonly controllers: Type[];
  readonly providers?: Provider[];
  readonly options?: Partial<HalfmqServerOptions>;
}

/** Services that listen by HalfmqServer, and a client of theirs, on a broker whose clock the test moves. */
export class NestServices {
  private constructor(
    readonly broker: TestBroker,
    readonly client: HalfmqClient,
  ) {}

  static async begin(): Promise<NestServices> {
    const broker = await createTestBroker({ hostile: false });
    const client = broker.use(new HalfmqClient({ ...broker.clientOptions, log: silentLog, timeout: '10s' }));
    await client.connect();
    return new NestServices(broker, client);
  }

  async start({ controllers, providers = [], options }: ServiceParts): Promise<INestMicroservice> {
    const strategy = new HalfmqServer({
      ...this.broker.clientOptions,
      log: silentLog,
      group: 'service',
      ...options,
    });
    const root = { module: class Root {}, controllers, providers };
    const app = await NestFactory.createMicroservice(root, { strategy, logger: false, abortOnError: false });
    this.broker.use(app);
    await app.listen();
    return app;
  }
}
