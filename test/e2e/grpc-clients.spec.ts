import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { GrpcTrial } from '../kit/grpc-trial.js';

jest.setTimeout(60_000);

describe('clients of the gRPC door', () => {
  let trial: GrpcTrial;
  beforeEach(async () => {
    trial = await GrpcTrial.start();
  });
  afterEach(() => trial.close());

  it('says where a topic is: at the address by which the client came', async () => {
    const client = trial.client();
    const endpoints = { scheme: 'DOMAIN_NAME', addresses: [{ host: 'mq.example', port: 443 }] };
    const answer = await client.call('QueryRoute', { topic: { name: 'orders' }, endpoints });
    expect(answer).toMatchObject({
      status: { code: 'OK' },
      messageQueues: [
        {
          id: 0,
          permission: 'READ_WRITE',
          broker: { name: 'broker-a', id: 0, endpoints },
          acceptMessageTypes: ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION'],
        },
      ],
    });
    expect(
      await client.call('QueryAssignment', {
        topic: { name: 'orders' },
        group: { name: 'readers' },
        endpoints,
      }),
    ).toMatchObject({
      status: { code: 'OK' },
      assignments: [{ messageQueue: { id: -1, broker: { endpoints } } }],
    });
  });

  it('tells a client its settings: back-off, limits, and what its group is', async () => {
    expect(await trial.client().producer('orders')).toMatchObject({
      backoffPolicy: { maxAttempts: 3, strategy: 'exponentialBackoff' },
      publishing: { maxBodySize: 4 * 1024 * 1024, validateMessageType: true },
    });
    expect(await trial.client().consumer('readers', 'orders', 'PUSH_CONSUMER')).toMatchObject({
      backoffPolicy: { maxAttempts: 17, strategy: 'customizedBackoff' },
      subscription: { fifo: false, receiveBatchSize: 32, longPollingTimeout: { seconds: 20 } },
    });
  });

  it('refuses what is wrong by its own code', async () => {
    const client = trial.client();
    await trial.pops.client.ask(updateAndCreateTopic, {
      topic: 'typed',
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: 6,
      attributes: '+message.type=FIFO',
    });
    const refused = async (system: object, user: object = {}, body = 'x', topic = 'orders') => {
      const { status, entries } = await client.send(topic, body, system, user);
      expect(entries).toHaveLength(status.code === 'ILLEGAL_TOPIC' ? 0 : 1);
      return status.code;
    };
    expect(await refused({ tag: 'a|b' })).toBe('ILLEGAL_MESSAGE_TAG');
    expect(await refused({ keys: [' '] })).toBe('ILLEGAL_MESSAGE_KEY');
    expect(await refused({ messageGroup: 'g'.repeat(64) })).toBe('ILLEGAL_MESSAGE_GROUP');
    expect(await refused({ messageId: '' })).toBe('ILLEGAL_MESSAGE_ID');
    expect(await refused({}, { UNIQ_KEY: 'x' })).toBe('ILLEGAL_MESSAGE_PROPERTY_KEY');
    expect(await refused({}, { name: 'a\u0002b' })).toBe('ILLEGAL_MESSAGE_PROPERTY_KEY');
    expect(await refused({}, { name: 'a'.repeat(16_385) })).toBe('MESSAGE_PROPERTIES_TOO_LARGE');
    expect(await refused({}, {}, '')).toBe('MESSAGE_BODY_EMPTY');
    expect(await refused({}, {}, 'x'.repeat(4 * 1024 * 1024 + 1))).toBe('MESSAGE_BODY_TOO_LARGE');
    expect(await refused({ deliveryTimestamp: { seconds: 9e9, nanos: 0 } })).toBe('ILLEGAL_DELIVERY_TIME');
    expect(await refused({}, {}, 'x', 'no topic')).toBe('ILLEGAL_TOPIC');
    expect(await refused({}, {}, 'x', 'SCHEDULE_TOPIC_XXXX')).toBe('ILLEGAL_TOPIC');
    expect(await refused({}, {}, 'x', 'typed')).toBe('MESSAGE_PROPERTY_CONFLICT_WITH_TYPE');
    expect(await refused({ messageType: 'LITE' })).toBe('ILLEGAL_LITE_TOPIC');
    const code = async (method: string, request: object, headers?: Record<string, string>) =>
      (await client.call(method, request, headers)).status.code;
    expect(await code('Heartbeat', { clientType: 'PRODUCER' })).toBe('UNRECOGNIZED_CLIENT_TYPE');
    expect(await code('QueryRoute', {}, { 'x-mq-client-id': '' })).toBe('CLIENT_ID_REQUIRED');
    expect(await code('QueryRoute', { topic: { name: '%DLQ%readers' } })).toBe('TOPIC_NOT_FOUND');
    expect(await code('SyncLiteSubscription', {})).toBe('UNRECOGNIZED_CLIENT_TYPE');
    expect(await code('EndTransaction', { topic: { name: 'orders' }, transactionId: 'x' })).toBe(
      'INVALID_TRANSACTION_ID',
    );
    expect((await client.receive('readers', 'orders')).status).toBe('UNRECOGNIZED_CLIENT_TYPE');
    await client.consumer('readers', 'orders');
    const short = { invisibleDuration: { seconds: 9, nanos: 0 } };
    expect((await client.receive('readers', 'orders', short)).status).toBe('ILLEGAL_INVISIBLE_TIME');
    expect((await client.receive('readers', 'nowhere')).status).toBe('TOPIC_NOT_FOUND');
    expect((await client.receive('bad group', 'orders')).status).toBe('ILLEGAL_CONSUMER_GROUP');
    const names = { group: { name: 'readers' }, topic: { name: 'orders' } };
    expect(await code('AckMessage', { ...names, entries: [{ receiptHandle: 'nonsense' }] })).toBe(
      'INVALID_RECEIPT_HANDLE',
    );
  });
});
