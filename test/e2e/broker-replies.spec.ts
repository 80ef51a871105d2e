import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  encodeHeartbeatData,
  formatProperties,
  HandlerTable,
  heartBeat,
  PropertyName,
  pushReplyMessageToClient,
  ResponseCode,
  sendReplyMessageV2,
  type Command,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { until } from '../kit/until.js';

const MiB = 1024 * 1024;

let broker: InProcessBroker;
beforeEach(async () => {
  broker = await InProcessBroker.start({ properties: { storeReplyMessageEnable: 'false' } });
});
afterEach(() => broker.close());

function reply(clientId: string, body: Buffer): Promise<Command> {
  const header = {
    producerGroup: 'repliers',
    topic: 'DefaultCluster_REPLY_TOPIC',
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    flag: 0,
    properties: formatProperties([[PropertyName.REPLY_TO_CLIENT, clientId]]),
  };
  return broker.ask(sendReplyMessageV2, header, body);
}

it('replies to a client that does not say they came are kept up to 64 MiB; then it is busy', async () => {
  let came = 0;
  const silent = broker.connect(
    new HandlerTable().add(pushReplyMessageToClient, () => {
      came++;
      return new Promise(() => undefined);
    }),
  );
  const producerDataSet = [{ groupName: 'askers' }];
  const beat = encodeHeartbeatData({ clientID: 'silent', producerDataSet, consumerDataSet: [] });
  await broker.ask(heartBeat, {}, beat, silent);
  const body = Buffer.alloc(4 * MiB);
  const replies = Array.from({ length: 16 }, () => reply('silent', body));
  await until('a reply has come', () => came > 0);
  expect(await reply('silent', body)).toMatchObject({ code: ResponseCode.SYSTEM_BUSY });
  await silent.close();
  for (const answer of await Promise.all(replies)) expect(answer.remark).toContain('push reply message');
  expect((await reply('silent', body)).remark).toContain('channel of <silent> not found');
});
