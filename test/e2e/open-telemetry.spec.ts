import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { silentLog } from '@halfmq/transaction';
import { HalfmqModule, MessageHandler, Messages } from '@halfmq/transaction/nest';
import { openTelemetry } from '@halfmq/transaction/opentelemetry';
import { createTestBroker, type TestBroker } from '@halfmq/testing';

describe('spans of a client', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let broker: TestBroker;
  beforeAll(() => provider.register());
  afterAll(async () => {
    await provider.shutdown();
    for (const api of [trace, context, propagation]) api.disable();
  });
  beforeEach(async () => {
    broker = await createTestBroker({ hostile: false });
    exporter.reset();
  });
  afterEach(() => broker?.close());

  const span = (name: string): ReadableSpan => {
    const found = exporter.getFinishedSpans().filter((one) => one.name === name);
    expect(found).toHaveLength(1);
    return found[0] as ReadableSpan;
  };

  it('one trace from a request to the handler, by traceparent in the properties, and on from there', async () => {
    @Injectable()
    class Handlers {
      constructor(private readonly messages: Messages) {}

      @MessageHandler('placed', { group: 'stock' })
      async handle(): Promise<void> {
        await this.messages.send('reserved', { id: 1 });
      }
    }
    const options = { ...broker.clientOptions, group: 'app', log: silentLog, hooks: [openTelemetry()] };
    const root = { module: class Root {}, imports: [HalfmqModule.forRoot(options)], providers: [Handlers] };
    const app = broker.use(await NestFactory.createApplicationContext(root, { logger: false }));
    await trace.getTracer('test').startActiveSpan('request', async (request) => {
      await app.get(Messages).send('placed', { id: 1 }, { keys: ['k-1'], tag: 'a' });
      request.end();
    });
    await broker.advance('30s');
    const [request, send, process, next] = ['request', 'send placed', 'process placed', 'send reserved'].map(
      (name) => span(name),
    );
    const ids = [request, send, process, next].map((one) => one?.spanContext());
    expect(new Set(ids.map((one) => one?.traceId)).size).toBe(1);
    expect([send, process, next].map((one) => one?.parentSpanContext?.spanId)).toEqual(
      ids.slice(0, 3).map((one) => one?.spanId),
    );
    expect([send?.kind, process?.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
    const [message] = broker.delivered('placed');
    expect(message?.properties['traceparent']).toContain(ids[1]?.spanId);
    const common = {
      'messaging.system': 'rocketmq',
      'messaging.destination.name': 'placed',
      'messaging.message.id': message?.messageId,
      'messaging.message.body.size': 8,
      'messaging.rocketmq.message.tag': 'a',
      'messaging.rocketmq.message.keys': ['k-1'],
    };
    expect(send?.attributes).toEqual({
      ...common,
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.rocketmq.message.type': 'normal',
      'server.address': '127.0.0.1',
      'server.port': Number(broker.address.split(':')[1]),
    });
    expect(process?.attributes).toEqual({
      ...common,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'stock',
      'messaging.destination.partition.id': String(message?.queueId),
    });
  });

  it('a failed handler and a failed send are errors by their type; a retry is a span of its own', async () => {
    const client = await broker.connect({ hooks: [openTelemetry()] });
    let calls = 0;
    const consumer = client.consumer({
      group: 'failing',
      subscriptions: { tried: '*' },
      makeTopics: true,
      handle: async () => {
        if (++calls === 1) throw new TypeError('not now');
      },
    });
    await consumer.start();
    await client.producer().send({ topic: 'tried', body: 'x' });
    await broker.advance('15s');
    const handled = exporter.getFinishedSpans().filter(({ name }) => name === 'process tried');
    expect(handled.map(({ status, attributes }) => [status, attributes['error.type']])).toEqual([
      [{ code: SpanStatusCode.ERROR, message: 'not now' }, 'TypeError'],
      [{ code: SpanStatusCode.UNSET }, undefined],
    ]);
    exporter.reset();
    const alone = await broker.connect({ hooks: [openTelemetry()] });
    const producer = alone.producer({ retries: 0 });
    await expect(producer.recall('tried', 'bm90aGluZw')).rejects.toThrow();
    await expect(producer.send({ topic: 'SCHEDULE_TOPIC_XXXX', body: 'x' })).rejects.toThrow();
    expect(span('send SCHEDULE_TOPIC_XXXX').attributes['error.type']).toBe('SendFailed');
  });

  it('a batch is one span, and so is its handling, with links; a transaction is sent, handled and settled', async () => {
    const client = await broker.connect({ hooks: [openTelemetry()] });
    const consumer = client.consumer({
      group: 'batches',
      subscriptions: { many: '*', decided: '*' },
      makeTopics: true,
      batch: 10,
      handle: async () => undefined,
    });
    await consumer.start();
    await client.producer().sendBatch(['1', '2', '3'].map((body) => ({ topic: 'many', body })));
    await broker.settle();
    expect(span('send many').attributes['messaging.batch.message_count']).toBe(3);
    const handled = exporter.getFinishedSpans().filter(({ name }) => name === 'process many');
    expect(handled.map(({ attributes }) => attributes['messaging.batch.message_count'])).toEqual([3]);
    const links = handled.flatMap((one) => one.links);
    expect(links).toHaveLength(3);
    expect(links.map((link) => link.context.spanId)).toEqual(
      links.map(() => span('send many').spanContext().spanId),
    );
    const transactions = client.transactionProducer({
      group: 'tx',
      topics: ['decided'],
      check: async () => 'unknown',
    });
    await transactions.end(await transactions.prepare({ topic: 'decided', body: '1' }), 'commit');
    await broker.settle();
    const [half, settled, process] = ['send decided', 'settle decided', 'process decided'].map((name) =>
      span(name),
    );
    expect(half?.attributes['messaging.rocketmq.message.type']).toBe('transaction');
    expect(settled?.attributes).toMatchObject({
      'messaging.operation.name': 'commit',
      'messaging.operation.type': 'settle',
      'messaging.message.id': half?.attributes['messaging.message.id'],
    });
    expect(process?.parentSpanContext?.spanId).toBe(half?.spanContext().spanId);
  });
});
