import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Received } from '../kit/grpc-client.js';
import { GrpcTrial, texts } from '../kit/grpc-trial.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

describe('the gRPC door beside others', () => {
  let trial: GrpcTrial;
  beforeEach(async () => {
    trial = await GrpcTrial.start();
  });
  afterEach(() => trial.close());

  it('delivers a transaction when it is committed, and asks its producer when nothing is heard', async () => {
    const producer = await trial.producer();
    const client = await trial.consumer();
    const half = { messageType: 'TRANSACTION' };
    const end = async (
      entry: { messageId: string; transactionId: string },
      resolution: string,
      source = 'SOURCE_CLIENT',
    ) =>
      (await producer.call('EndTransaction', { topic: { name: 'orders' }, ...entry, resolution, source }))
        .status;
    const begin = async (body: string) =>
      (
        (await producer.send('orders', body, half))['entries'] as {
          messageId: string;
          transactionId: string;
        }[]
      )[0]!;
    const committed = await begin('committed');
    expect(await end(committed, 'COMMIT')).toMatchObject({ code: 'OK' });
    expect(await end(committed, 'ROLLBACK')).toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await end(await begin('rolled back'), 'ROLLBACK')).toMatchObject({ code: 'OK' });
    await begin('asked about');
    expect(texts((await client.receive('readers', 'orders')).messages)).toEqual(['committed']);

    await trial.advance(6_100);
    const { recoverOrphanedTransactionCommand: asked } = (await until('it is asked', () =>
      producer.told.find((command) => command['recoverOrphanedTransactionCommand']),
    )) as { recoverOrphanedTransactionCommand: { message: Received; transactionId: string } };
    expect(asked.message.body.toString()).toBe('asked about');
    const { messageId } = asked.message.systemProperties;
    const { transactionId } = asked;
    await trial.advance(40_000);
    expect(await end({ messageId, transactionId }, 'COMMIT', 'SOURCE_SERVER_CHECK')).toMatchObject({
      code: 'OK',
    });
    await trial.advance(0);
    const { messages } = await client.receive('readers', 'orders');
    expect(texts(messages)).toContain('asked about');
  });

  it('is one of several doors to the same messages', async () => {
    const producer = await trial.producer();
    await producer.send('orders', 'by gRPC', { tag: 't', keys: ['k'] }, { colour: 'blue' });
    await trial.rest.post('topics/orders/messages', {
      body: 'by REST',
      tag: 't',
      keys: ['k'],
      properties: { colour: 'red' },
    });
    await trial.pops.client.send('orders', 'by remoting', { TAGS: 't', KEYS: 'k', colour: 'green' });
    const { items } = await trial.rest.post<{
      items: { body: string; tag: string; keys: string[]; properties: object }[];
    }>('groups/rest/receive', { topic: 'orders', max: 32 });
    expect(items).toMatchObject([
      { body: 'by gRPC', tag: 't', keys: ['k'], properties: { colour: 'blue' } },
      { body: 'by REST', tag: 't', keys: ['k'], properties: { colour: 'red' } },
      { body: 'by remoting', tag: 't', keys: ['k'], properties: { colour: 'green' } },
    ]);
    const client = await trial.consumer();
    const { messages } = await client.receive('readers', 'orders');
    const ids = messages.map(({ systemProperties }) => systemProperties.messageId);
    expect(ids).toEqual(items.map((item) => (item as unknown as { messageId: string }).messageId));
    expect(messages).toMatchObject(
      ['blue', 'red', 'green'].map((colour) => ({
        userProperties: { colour },
        systemProperties: { tag: 't', keys: ['k'] },
      })),
    );
  });

  it('keeps what a push consumer works on from others while it lives, and gives it to them when it is killed', async () => {
    await trial.pops.send('a');
    const worker = await trial.consumer('orders', 'readers', 'PUSH_CONSUMER');
    const { messages } = await worker.receive('readers', 'orders', { autoRenew: true });
    expect(texts(messages)).toEqual(['a']);
    for (let minutes = 0; minutes < 6; minutes++) {
      await trial.advance(60_000);
      await worker.call('Heartbeat', { group: { name: 'readers' }, clientType: 'PUSH_CONSUMER' });
    }
    const other = await trial.consumer();
    const waiting = other.receive('readers', 'orders', { longPollingTimeout: { seconds: 20, nanos: 0 } });
    await until('the poll is held', async () => (await trial.pops.polling()) === 1);
    worker.close();
    await until('it is there again', async () => {
      await trial.advance(500);
      return (await trial.pops.polling()) === 0;
    });
    expect((await waiting).messages).toMatchObject([{ systemProperties: { deliveryAttempt: 2 } }]);
  });

  it('leaves no timer of what it renews behind when the broker stops', async () => {
    const { broker } = trial.pops;
    await trial.pops.send('slow work');
    const worker = await trial.consumer('orders', 'readers', 'PUSH_CONSUMER');
    const { messages } = await worker.receive('readers', 'orders', { autoRenew: true });
    expect(texts(messages)).toEqual(['slow work']);
    await broker.stop();
    expect(broker.clock.pending).toBe(0);
  });
});
