import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type DataPoint,
  type Histogram,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { openTelemetry } from '@halfmq/transaction/opentelemetry';
import { createTestBroker, type TestBroker } from '@halfmq/testing';

describe('metrics of a client', () => {
  let exporter: InMemoryMetricExporter;
  let provider: MeterProvider;
  let broker: TestBroker;
  beforeEach(async () => {
    exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    provider = new MeterProvider({ readers: [reader] });
    broker = await createTestBroker({ hostile: false });
  });
  afterEach(async () => {
    await broker?.close();
    await provider.shutdown();
    metrics.disable();
  });

  /** `value` or the count of a histogram, by the attributes that vary. */
  async function told(name: string): Promise<Record<string, number>> {
    exporter.reset();
    await provider.forceFlush();
    const all = exporter.getMetrics().flatMap((one) => one.scopeMetrics.flatMap((scope) => scope.metrics));
    const points: DataPoint<unknown>[] = all
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap((one): DataPoint<unknown>[] => one.dataPoints);
    return Object.fromEntries(
      points.map(({ attributes, value }) => {
        expect(attributes['messaging.system']).toBe('rocketmq');
        const shown = [
          attributes['messaging.operation.name'],
          attributes['messaging.destination.name'],
          attributes['messaging.consumer.group.name'],
          attributes['server.port'] === Number(broker.address.split(':')[1]) ? 'broker' : undefined,
          attributes['error.type'],
        ];
        const count = typeof value === 'number' ? value : (value as Histogram).count;
        return [shown.filter((part) => part !== undefined).join(' '), count];
      }),
    );
  }

  it('count what is sent and delivered, and tell how long sends and handlers took, failures by their type', async () => {
    const client = await broker.connect({ hooks: [openTelemetry({ meterProvider: provider })] });
    let calls = 0;
    const consumer = client.consumer({
      group: 'stock',
      subscriptions: { placed: '*' },
      makeTopics: true,
      handle: async () => {
        if (++calls === 1) throw new TypeError('not now');
      },
    });
    await consumer.start();
    const producer = client.producer({ retries: 0 });
    await producer.send({ topic: 'placed', body: 'a' });
    await producer.sendBatch(['b', 'c'].map((body) => ({ topic: 'placed', body })));
    await broker.advance('15s');
    await expect(producer.send({ topic: 'SCHEDULE_TOPIC_XXXX', body: 'x' })).rejects.toThrow();
    const failed = 'send SCHEDULE_TOPIC_XXXX SendFailed';
    expect(await told('messaging.client.sent.messages')).toEqual({ 'send placed broker': 3, [failed]: 1 });
    expect(await told('messaging.client.operation.duration')).toEqual({
      'send placed broker': 2,
      [failed]: 1,
    });
    expect(await told('messaging.client.consumed.messages')).toEqual({ 'process placed stock': 4 });
    expect(await told('messaging.process.duration')).toEqual({
      'process placed stock': 3,
      'process placed stock TypeError': 1,
    });
  });

  it('a batch is one call of its handler; verdicts and recalls are operations', async () => {
    const client = await broker.connect({ hooks: [openTelemetry({ meterProvider: provider })] });
    const consumer = client.consumer({
      group: 'rows',
      subscriptions: { many: '*' },
      makeTopics: true,
      batch: 10,
      handle: async () => undefined,
    });
    await consumer.start();
    const producer = client.producer();
    await producer.sendBatch(['1', '2', '3'].map((body) => ({ topic: 'many', body })));
    const check = async () => 'unknown' as const;
    const halves = client.transactionProducer({ group: 'tx', topics: ['many'], check });
    await halves.end(await halves.prepare({ topic: 'many', body: '4' }), 'rollback');
    const { recallHandle = '' } = await producer.send({ topic: 'many', body: '5', delayMs: 60_000 });
    await producer.recall('many', recallHandle);
    await broker.settle();
    expect(await told('messaging.client.consumed.messages')).toEqual({ 'process many rows': 3 });
    expect(await told('messaging.process.duration')).toEqual({ 'process many rows': 1 });
    expect(await told('messaging.client.operation.duration')).toEqual({
      'send many broker': 3,
      'rollback many broker': 1,
      'recall many': 1,
    });
  });

  it('go to the global provider, also one that is set after the client was made', async () => {
    const client = await broker.connect({ hooks: [openTelemetry()] });
    await client.producer().send({ topic: 'early', body: 'x' });
    metrics.setGlobalMeterProvider(provider);
    await client.producer().send({ topic: 'late', body: 'x' });
    expect(await told('messaging.client.sent.messages')).toEqual({ 'send late broker': 1 });
  });
});
