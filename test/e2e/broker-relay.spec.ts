import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  decodeGroupOffsets,
  encodeHeartbeatData,
  encodeMemberOffsets,
  getConsumerStatusFromClient,
  HandlerTable,
  heartBeat,
  invokeBrokerToGetConsumerStatus,
  tagSubscription,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';

let broker: InProcessBroker;
beforeEach(async () => {
  broker = await InProcessBroker.start();
});
afterEach(() => broker.close());

async function member(clientID: string, body: Buffer): Promise<void> {
  const handlers = new HandlerTable().add(getConsumerStatusFromClient, () => ({ status: 'OK', body }));
  const consumer = {
    groupName: 'g',
    consumeType: 'CONSUME_PASSIVELY' as const,
    messageModel: 'CLUSTERING' as const,
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' as const,
    subscriptionDataSet: [tagSubscription('t', '*', 1)],
    unitMode: false,
  };
  const beat = encodeHeartbeatData({ clientID, producerDataSet: [], consumerDataSet: [consumer] });
  await broker.ask(heartBeat, {}, beat, broker.connect(handlers));
}

it('a member that answers nonsense does not keep an operator from what the others say', async () => {
  const queue = { topic: 't', brokerName: 'broker-a', queueId: 0 };
  await member('well', encodeMemberOffsets([[queue, 7]]));
  await member('ill', Buffer.from('nonsense'));
  await member('empty', Buffer.alloc(0));
  const answer = await broker.ask(invokeBrokerToGetConsumerStatus, {
    topic: 't',
    group: 'g',
    clientAddr: '',
  });
  expect(answer).toMatchObject({ code: 0 });
  expect(decodeGroupOffsets(answer.body)).toEqual(new Map([['well', [[queue, 7]]]]));
});
