import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { silentLog } from '@halfmq/transaction';
import { HalfmqModule, type HalfmqModuleOptions, MessageHandler } from '@halfmq/transaction/nest';
import { createTestBroker, type TestBroker } from '@halfmq/testing';

const TOPIC = 'many';

describe('handlers running at a time in a Nest application', () => {
  let broker: TestBroker;
  let letGo: () => void;
  beforeEach(async () => {
    broker = await createTestBroker({ hostile: false });
    const producer = (await broker.connect()).producer();
    for (let sent = 0; sent < 30; sent++) await producer.send({ topic: TOPIC, body: '1' });
  });
  afterEach(async () => {
    letGo();
    await broker?.close();
  });

  /** How many handlers of each group run when none of them ends. */
  async function running(concurrency: HalfmqModuleOptions['concurrency']): Promise<Record<string, number>> {
    const begun: Record<string, number> = { own: 0, plain: 0 };
    const held = new Promise<void>((resolve) => (letGo = resolve));
    class Handlers {
      @MessageHandler(TOPIC, { group: 'own', from: 'first', concurrency: 3 })
      own(): Promise<void> {
        begun['own']!++;
        return held;
      }

      @MessageHandler(TOPIC, { group: 'plain', from: 'first' })
      plain(): Promise<void> {
        begun['plain']!++;
        return held;
      }
    }
    const root = {
      module: class Root {},
      imports: [HalfmqModule.forRoot({ ...broker.clientOptions, log: silentLog, concurrency })],
      providers: [Handlers],
    };
    broker.use(await NestFactory.createApplicationContext(root, { logger: false }));
    await broker.advance('1s');
    return { ...begun };
  }

  it.each<[string, HalfmqModuleOptions['concurrency'], object]>([
    ['what the handler says, 20 unless told', undefined, { own: 3, plain: 20 }],
    ['what the module says of all where the handler says nothing', 5, { own: 3, plain: 5 }],
    ['what the module says of just this group, before the handler', { own: 7 }, { own: 7, plain: 20 }],
  ])('are %s', async (_what, concurrency, expected) => {
    expect(await running(concurrency)).toEqual(expected);
  });
});
