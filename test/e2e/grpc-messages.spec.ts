import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateSubscriptiongroup, updateAndCreateTopic, updateBrokerConfig } from '@halfmq/remoting';
import { GrpcTrial, texts } from '../kit/grpc-trial.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

describe('messages at the gRPC door', () => {
  let trial: GrpcTrial;
  beforeEach(async () => {
    trial = await GrpcTrial.start();
  });
  afterEach(() => trial.close());

  it('takes messages and hands them out, never again once they are acknowledged', async () => {
    const producer = await trial.producer();
    const system = { tag: 'paid', keys: ['o-1', 'c-9'], traceContext: 'trace' };
    const sent = await producer.send('orders', 'first', system, { colour: 'blue' });
    expect(sent).toMatchObject({ status: { code: 'OK' }, entries: [{ status: { code: 'OK' }, offset: 0 }] });
    const client = await trial.consumer();
    const { status, messages } = await client.receive('readers', 'orders');
    expect(status).toBe('OK');
    expect(messages).toMatchObject([
      {
        topic: { name: 'orders' },
        userProperties: { colour: 'blue' },
        systemProperties: {
          ...system,
          messageId: (sent['entries'] as { messageId: string }[])[0]?.messageId,
          messageType: 'NORMAL',
          bodyEncoding: 'IDENTITY',
          deliveryAttempt: 1,
          queueId: 0,
          queueOffset: 0,
        },
      },
    ]);
    expect(texts(messages)).toEqual(['first']);
    expect(await client.ack('readers', 'orders', messages[0]!)).toMatchObject({ status: { code: 'OK' } });
    await trial.advance(30_100);
    await trial.pops.send('second');
    expect(texts((await client.receive('readers', 'orders')).messages)).toEqual(['second']);
  });

  it('waits for messages as long as it is asked to', async () => {
    const client = await trial.consumer();
    const waiting = client.receive('readers', 'orders');
    await until('the poll is held', async () => (await trial.pops.polling()) === 1);
    await trial.pops.send('late');
    expect(texts((await waiting).messages)).toEqual(['late']);
    const vain = client.receive('readers', 'orders');
    await until('the poll is held', async () => (await trial.pops.polling()) === 1);
    await trial.advance(5_000);
    expect(await vain).toEqual({ status: 'MESSAGE_NOT_FOUND', messages: [] });
  });

  it('hands out what the tags or the SQL expression want', async () => {
    const producer = await trial.producer();
    await producer.send('orders', 'cheap', { tag: 'a' }, { price: '3' });
    await producer.send('orders', 'dear', { tag: 'b' }, { price: '30' });
    const byTag = await trial.consumer();
    const tags = { filterExpression: { type: 'TAG', expression: 'b || c' } };
    expect(texts((await byTag.receive('readers', 'orders', tags)).messages)).toEqual(['dear']);
    const bySql = await trial.consumer('orders', 'others');
    const sql = { filterExpression: { type: 'SQL', expression: 'price < 10' } };
    expect(texts((await bySql.receive('others', 'orders', sql)).messages)).toEqual(['cheap']);
    const wrong = { filterExpression: { type: 'SQL', expression: 'price <' } };
    expect((await bySql.receive('others', 'orders', wrong)).status).toBe('ILLEGAL_FILTER_EXPRESSION');
  });

  it('brings a message again: sooner or later when it is asked to, and to the dead letters when it is given up', async () => {
    await trial.pops.send('a');
    const client = await trial.consumer();
    const [first] = (await client.receive('readers', 'orders')).messages;
    const names = { group: { name: 'readers' }, topic: { name: 'orders' } };
    const { receiptHandle, messageId } = first!.systemProperties;
    const soon = { ...names, messageId, invisibleDuration: { seconds: 1, nanos: 0 } };
    const changed = await client.call('ChangeInvisibleDuration', { ...soon, receiptHandle });
    expect(changed).toMatchObject({ status: { code: 'OK' }, receiptHandle: expect.any(String) });
    // the one from before is worth nothing any more
    expect(await client.call('ChangeInvisibleDuration', { ...soon, receiptHandle })).toMatchObject({
      status: { code: 'INVALID_RECEIPT_HANDLE' },
    });
    await trial.advance(1_100);
    const [second] = (await client.receive('readers', 'orders')).messages;
    expect(second).toMatchObject({
      topic: { name: 'orders' },
      systemProperties: { deliveryAttempt: 2, messageId },
    });
    const dead = { ...names, messageId, receiptHandle: second!.systemProperties.receiptHandle };
    expect(await client.call('ForwardMessageToDeadLetterQueue', dead)).toMatchObject({
      status: { code: 'OK' },
    });
    const letters = await trial.consumer('%DLQ%readers', 'undertakers');
    expect((await letters.receive('undertakers', '%DLQ%readers')).messages).toMatchObject([
      { systemProperties: { messageId, deadLetterQueue: { topic: 'orders', messageId } } },
    ]);
  });

  it('is handed out though one beside it cannot be moved to the dead letters', async () => {
    const { client: operator } = trial.pops;
    await operator.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'readers', retryMaxTimes: 0 });
    await trial.pops.send('dead');
    const client = await trial.consumer();
    expect(texts((await client.receive('readers', 'orders')).messages)).toEqual(['dead']);
    await trial.advance(31_000);
    await operator.ask(updateBrokerConfig, {}, Buffer.from('brokerPermission=4'));
    await trial.pops.send('well');
    expect(texts((await client.receive('readers', 'orders')).messages)).toEqual(['well']);
  });

  it('is given to no client that has said good-bye while it waited', async () => {
    const leaving = await trial.consumer();
    const waiting = leaving.receive('readers', 'orders');
    await until('the poll is held', async () => (await trial.pops.polling()) === 1);
    await leaving.call('NotifyClientTermination', { group: { name: 'readers' } });
    expect(texts((await waiting).messages)).toEqual([]);
    expect(await trial.pops.polling()).toBe(0);
    await trial.pops.send('a');
    expect(texts((await (await trial.consumer()).receive('readers', 'orders')).messages)).toEqual(['a']);
  });

  it('is read at offsets, and waits for the next message at one', async () => {
    const [producer, reader] = [await trial.producer(), trial.client()];
    await reader.consumer('readers', 'orders', 'PULL_CONSUMER');
    const messageQueue = { topic: { name: 'orders' }, id: 0 };
    const waiting = reader.pull('readers', messageQueue, 0, {
      longPollingTimeout: { seconds: 15, nanos: 0 },
    });
    await reader.call('Heartbeat', {});
    await producer.send('orders', 'a', { tag: 'red' });
    expect(texts((await waiting).messages)).toEqual(['a']);
    await producer.send('orders', 'b', { tag: 'blue' });
    const blue = { filterExpression: { type: 'TAG', expression: 'blue' } };
    const found = await reader.pull('readers', messageQueue, 0, blue);
    expect({ ...found, messages: texts(found.messages) }).toEqual({
      status: 'OK',
      messages: ['b'],
      nextOffset: 2,
    });
    const of = { group: { name: 'readers' }, messageQueue };
    const code = async (method: string, request: object): Promise<string> =>
      (await reader.call(method, request)).status.code;
    expect(await code('GetOffset', of)).toBe('OFFSET_NOT_FOUND');
    expect(await code('UpdateOffset', { ...of, offset: -1 })).toBe('ILLEGAL_OFFSET');
    expect(await code('UpdateOffset', { ...of, offset: 1 })).toBe('OK');
    expect(await reader.call('GetOffset', of)).toMatchObject({ offset: 1 });
    const end = { messageQueue, queryOffsetPolicy: 'END' };
    expect(await reader.call('QueryOffset', end)).toMatchObject({ status: { code: 'OK' }, offset: 2 });
    expect(await code('QueryOffset', { messageQueue, queryOffsetPolicy: 'TIMESTAMP' })).toBe('BAD_REQUEST');
    expect(await code('QueryOffset', { messageQueue: { ...messageQueue, id: 9 } })).toBe('BAD_REQUEST');
    expect(await code('QueryOffset', { messageQueue: { topic: { name: '%DLQ%none' } } })).toBe(
      'TOPIC_NOT_FOUND',
    );
  });

  it('comes by its priority, to a topic whose queues are priorities', async () => {
    const queues = { readQueueNums: 3, writeQueueNums: 3, perm: 6 };
    const attributes = '+message.type=PRIORITY';
    await trial.pops.client.ask(updateAndCreateTopic, { topic: 'urgent', ...queues, attributes });
    const producer = trial.client();
    await producer.producer('urgent', 'orders');
    const { messageQueues } = await producer.call('QueryRoute', { topic: { name: 'urgent' } });
    expect(messageQueues).toMatchObject([0, 1, 2].map((id) => ({ id, acceptMessageTypes: ['PRIORITY'] })));
    for (const [body, priority] of [
      ['later', 0],
      ['soon', 1],
      ['now', 9],
      ['at once', 2],
    ] as const)
      expect(await producer.send('urgent', body, { priority })).toMatchObject({ status: { code: 'OK' } });
    const client = await trial.consumer('urgent');
    const all: string[] = [];
    for (let nth = 0; nth < 4; nth++) {
      const { messages } = await client.receive('readers', 'urgent', { batchSize: 1 });
      expect(messages).toMatchObject([{ systemProperties: { messageType: 'PRIORITY' } }]);
      all.push(...texts(messages));
    }
    expect(all).toEqual(['now', 'at once', 'soon', 'later']);
    const code = async (topic: string, system: object): Promise<string> =>
      (await producer.send(topic, 'x', system)).status.code;
    expect(await code('urgent', {})).toBe('MESSAGE_PROPERTY_CONFLICT_WITH_TYPE');
    expect(await code('orders', { priority: 1 })).toBe('MESSAGE_PROPERTY_CONFLICT_WITH_TYPE');
    expect(await code('urgent', { priority: -1 })).toBe('BAD_REQUEST');
  });

  it('keeps messages of one group in their order, one at a time until it is acknowledged', async () => {
    const group = { groupName: 'inorder', consumeMessageOrderly: true };
    await trial.pops.client.ask(updateAndCreateSubscriptiongroup, {}, Buffer.from(JSON.stringify(group)));
    const producer = await trial.producer();
    for (const body of ['a', 'b']) await producer.send('orders', body, { messageGroup: 'o-1' });
    const client = await trial.consumer('orders', 'inorder');
    const one = { batchSize: 1, messageQueue: { topic: { name: 'orders' }, id: 0 }, attemptId: 'x' };
    const [a] = (await client.receive('inorder', 'orders', one)).messages;
    expect(a).toMatchObject({ systemProperties: { messageGroup: 'o-1', messageType: 'FIFO' } });
    // the same attempt again: its answer was lost
    expect(texts((await client.receive('inorder', 'orders', one)).messages)).toEqual(['a']);
    const next = client.receive('inorder', 'orders', { ...one, attemptId: 'y' });
    const [again] = (await client.receive('inorder', 'orders', one)).messages;
    await client.ack('inorder', 'orders', again!);
    expect(texts((await next).messages)).toEqual(['b']);
  });

  it('delivers a delayed message at its time, unless it is taken back', async () => {
    const producer = await trial.producer();
    const deliveryTimestamp = { seconds: trial.pops.broker.clock.now() / 1000 + 60, nanos: 0 };
    const kept = await producer.send('orders', 'kept', { deliveryTimestamp });
    const back = await producer.send('orders', 'back', { deliveryTimestamp });
    const [{ recallHandle, messageId }] = back['entries'] as [{ recallHandle: string; messageId: string }];
    expect(kept).toMatchObject({ status: { code: 'OK' } });
    const recalled = await producer.call('RecallMessage', { topic: { name: 'orders' }, recallHandle });
    expect(recalled).toMatchObject({ status: { code: 'OK' }, messageId });
    await trial.advance(60_000);
    const client = await trial.consumer();
    expect(texts((await client.receive('readers', 'orders')).messages)).toEqual(['kept']);
  });
});
