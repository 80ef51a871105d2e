import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  encodeHeartbeatData,
  formatProperties,
  HandlerTable,
  heartBeat,
  ManualClock,
  PropertyName,
  pushReplyMessageToClient,
  ResponseCode,
  sendReplyMessageV2,
  type RemotingClient,
  type Command,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { until } from '../kit/until.js';

const MiB = 1024 * 1024;

let broker: InProcessBroker;
let replier: RemotingClient;
beforeEach(async () => {
  // its clock stands still: by another one the first replies are given up on a slow machine before the last have come
  const clock = new ManualClock();
  broker = await InProcessBroker.start({ clock, properties: { storeReplyMessageEnable: 'false' } });
  replier = broker.connect();
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
  // longer than any of this takes: a request that is late ends its connection
  const how = { timeoutMs: 60_000 };
  return replier.request(broker.broker.address, sendReplyMessageV2, header, body, how);
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
  const [replies, answers]: [Promise<unknown>[], Command[]] = [[], []];
  const refused = (): boolean => answers.some(({ remark }) => remark?.includes('too many replies') === true);
  while (!refused()) {
    replies.push(reply('silent', body).then((answer) => answers.push(answer)));
    await until('it has come, or is refused', () => came + answers.length >= replies.length);
  }
  expect(came).toBeLessThanOrEqual(16);
  expect(answers.every(({ code }) => code === ResponseCode.SYSTEM_BUSY)).toBe(true);
  await silent.close();
  await Promise.all(replies);
  const told = answers.filter(({ remark }) => remark?.includes('push reply message'));
  expect(told).toHaveLength(came);
  expect((await reply('silent', body)).remark).toContain('channel of <silent> not found');
});
