import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import {
  DeadLetter,
  PauseGroup,
  RetryIn,
  Skip,
  type BatchConsumerOptions,
  type HalfmqClient,
} from '@halfmq/transaction';
import {
  BatchMessageContext,
  Ctx,
  HalfmqModule,
  MessageHandler,
  Payload,
  topic,
} from '@halfmq/transaction/nest';

const TOPIC = 'many';
const GROUP = 'many-readers';

describe('a handler of batches', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  let batches: string[];
  beforeEach(async () => {
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    client = await broker.connect();
    batches = [];
  });
  afterEach(() => broker?.close());

  async function send(...bodies: string[]): Promise<void> {
    const producer = client.producer();
    for (const body of bodies) await producer.send({ topic: TOPIC, body, orderingKey: body.slice(0, 1) });
  }

  /** @param outcome what becomes of a message, or of the whole batch for '*' */
  async function consume(
    outcome: (body: string, attempt: number) => Error | undefined = () => undefined,
    more: Partial<BatchConsumerOptions> = {},
  ): Promise<void> {
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      batch: 3,
      ...more,
      handle: async (messages, context) => {
        batches.push(
          messages.map(({ body, reconsumeTimes }) => `${body.toString()}:${reconsumeTimes}`).join(' '),
        );
        const whole = outcome('*', batches.length);
        if (whole) throw whole;
        for (const message of messages) {
          const error = outcome(message.body.toString(), message.reconsumeTimes);
          if (error) context.fail(message, error);
        }
      },
    });
    await consumer.start();
    await broker.settle();
  }

  const dead = (): string[] => broker.deadLetters(GROUP).map(({ bytes }) => bytes.toString());

  it('gets what has come, at most so many at once', async () => {
    await send('a1', 'a2', 'a3', 'a4');
    await consume();
    await send('a5');
    await broker.settle();
    expect(batches).toEqual(['a1:0 a2:0 a3:0', 'a4:0', 'a5:0']);
  });

  it('says of single messages that they have failed: they come again alone, the others are done', async () => {
    await send('a1', 'a2', 'a3');
    await consume((body, attempt) => (body === 'a2' && attempt === 0 ? new RetryIn('1s') : undefined));
    await broker.advance('5m');
    expect(batches).toEqual(['a1:0 a2:0 a3:0', 'a2:1']);
  });

  it('and of each whether it is dead, skipped or waits', async () => {
    await send('a1', 'a2', 'a3');
    const outcomes: Record<string, Error> = { a1: new DeadLetter('never'), a2: new Skip('not for me') };
    await consume((body) => outcomes[body]);
    await broker.advance('5m');
    expect([batches, dead()]).toEqual([['a1:0 a2:0 a3:0'], ['a1']]);
  });

  it('that throws has failed with all of them, and the bad one is found because each comes again alone', async () => {
    await send('a1', 'a2', 'a3');
    await consume(
      (body, attempt) => {
        if (body === '*') return attempt === 1 ? new Error('one of them') : undefined;
        return body === 'a2' ? new Error('bad') : undefined;
      },
      { maxReconsumeTimes: 1 },
    );
    await broker.advance('5m');
    expect(batches[0]).toBe('a1:0 a2:0 a3:0');
    expect(batches.slice(1).sort()).toEqual(['a1:1', 'a2:1', 'a3:1']);
    expect(dead()).toEqual(['a2']);
  });

  it('that pauses its group loses no attempt', async () => {
    await send('a1', 'a2');
    await consume((body, attempt) => (body === '*' && attempt === 1 ? new PauseGroup('10s') : undefined), {
      maxReconsumeTimes: 0,
    });
    await broker.advance('9s');
    expect(batches).toHaveLength(1);
    await broker.advance('2s');
    expect(batches.slice(1).join(' ').split(' ').sort()).toEqual(['a1:0', 'a2:0']);
  });

  it('in order gets those of one key, and those behind one that failed come again behind it', async () => {
    await send('a1', 'b1', 'a2', 'a3', 'b2');
    await consume((body, attempt) => (body === 'a2' && attempt === 0 ? new Error('not now') : undefined), {
      order: 'key',
    });
    await broker.advance('5s');
    expect(batches).toEqual(['a1:0 a2:0 a3:0', 'b1:0 b2:0', 'a2:1', 'a3:0']);
  });

  it('in order loses to the dead letters only what is poison', async () => {
    await send('a1', 'a2', 'a3');
    await consume((body) => (body === 'a2' ? new Error('bad') : undefined), {
      order: 'queue',
      maxReconsumeTimes: 2,
    });
    await broker.advance('10s');
    expect(batches).toEqual(['a1:0 a2:0 a3:0', 'a2:1', 'a2:2', 'a3:0']);
    expect(dead()).toEqual(['a2']);
  });

  it('may name only messages of its batch', async () => {
    await send('a1');
    const errors: unknown[] = [];
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      batch: 3,
      handle: async ([message], context) => {
        try {
          if (message) context.fail({ ...message }, new Error('another one'));
        } catch (error) {
          errors.push(error);
        }
      },
    });
    await consumer.start();
    await broker.settle();
    expect(errors).toEqual([expect.objectContaining({ code: 'INVALID_OPTION' })]);
  });

  describe('of a Nest application', () => {
    const Many = topic<{ n: number }>(TOPIC);

    async function start(...providers: (new () => object)[]): Promise<void> {
      const root = {
        module: class Root {},
        imports: [HalfmqModule.forRoot({ ...broker.clientOptions, group: 'tests' })],
        providers,
      };
      broker.use(await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false }));
      await broker.settle();
    }

    it('gets bodies, names those that failed, and what is no body is a dead letter by itself', async () => {
      const seen: unknown[] = [];
      @Injectable()
      class Handlers {
        @MessageHandler(Many, { group: GROUP, batch: 3, from: 'first' })
        many(@Payload() bodies: { n: number }[], @Ctx() context: BatchMessageContext): void {
          seen.push(bodies.map(({ n }) => n));
          const [first] = context.messages;
          if (bodies.length > 1 && first?.reconsumeTimes === 0) context.fail(1, new RetryIn('1s'));
        }
      }
      await send('{"n":1}', 'no body', '{"n":2}');
      await start(Handlers);
      await broker.advance('5m');
      expect(seen).toEqual([[1, 2], [2]]);
      expect(dead()).toEqual(['no body']);
    });

    it('is not started when handlers of a group disagree on it, nor with dedupe', async () => {
      class Torn {
        @MessageHandler('one', { group: GROUP, batch: 3 })
        one(): void {}
        @MessageHandler('two', { group: GROUP })
        two(): void {}
      }
      class Deduped {
        @MessageHandler('one', { group: GROUP, batch: 3, dedupe: 'transaction' })
        one(): void {}
      }
      await expect(start(Torn)).rejects.toThrow(/disagree on batch: .* says 3, .* says undefined/);
      await expect(start(Deduped)).rejects.toThrow('with batch');
    });
  });
});
