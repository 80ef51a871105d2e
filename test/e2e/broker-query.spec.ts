import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decodeRecords,
  queryMessage,
  queryMessageResponse,
  ResponseCode,
  sendMessageV2,
  viewMessageById,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader } from '../kit/sends.js';

describe('a query for messages', () => {
  let broker: InProcessBroker;
  beforeAll(async () => {
    broker = await InProcessBroker.start();
    await send('one', 'UNIQ_KEY\u0001U1\u0002KEYS\u0001order-7 paid\u0002');
    await send('two', 'KEYS\u0001order-7\u0002UNIQ_KEY\u0001U2\u0002');
  });
  afterAll(() => broker.close());

  const send = (body: string, properties: string) =>
    broker.ask(sendMessageV2, sendHeader('orders', { properties }), Buffer.from(body));

  const query = (key: string, more: object = {}) =>
    broker.ask(queryMessage, {
      topic: 'orders',
      key,
      maxNum: 32,
      beginTimestamp: 0,
      endTimestamp: Number.MAX_SAFE_INTEGER,
      ...more,
    });

  it('answers what has the key, in the order of the log, with how far the index goes', async () => {
    const answer = await query('order-7');
    expect(decodeRecords(answer.body).map(({ body }) => body.toString())).toEqual(['one', 'two']);
    const { indexLastUpdatePhyoffset, indexLastUpdateTimestamp } = queryMessageResponse.decode(
      answer.extFields ?? {},
    );
    const [, last] = decodeRecords(answer.body);
    expect(indexLastUpdatePhyoffset).toBeGreaterThanOrEqual((last?.physicalOffset ?? 0) + (last?.size ?? 0));
    expect(indexLastUpdateTimestamp).toBeGreaterThan(0);
  });

  it('answers the newest when not all are wanted, and what a unique key names', async () => {
    const newest = decodeRecords((await query('order-7', { maxNum: 1 })).body);
    expect(newest.map(({ body }) => body.toString())).toEqual(['two']);
    const unique = decodeRecords((await query('U1', { _UNIQUE_KEY_QUERY: 'true' })).body);
    expect(unique.map(({ body }) => body.toString())).toEqual(['one']);
    const view = await broker.ask(viewMessageById, { offset: unique[0]?.physicalOffset ?? -1 });
    expect(decodeRecords(view.body)).toEqual(unique);
  });

  it.each([
    ['an unknown key', 'nobody', {}],
    ['another topic', 'order-7', { topic: 'other' }],
    ['another time', 'order-7', { endTimestamp: 1 }],
    ['nothing wanted', 'order-7', { maxNum: 0 }],
  ])('answers code 22 for %s', async (_, key, more) => {
    expect((await query(key, more)).code).toBe(ResponseCode.QUERY_NOT_FOUND);
  });
});
