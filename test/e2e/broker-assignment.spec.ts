import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeAssignments,
  encodeQueryAssignmentBody,
  encodeSetRequestModeBody,
  getAllMessageRequestMode,
  heartBeat,
  queryAssignment,
  setMessageRequestMode,
  updateAndCreateTopic,
  type RequestMode,
} from '@halfmq/remoting';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PopTrial } from '../kit/pop-trial.js';
import { WireClient } from '../kit/wire-client.js';

const GROUP = 'readers';

function beat(client: WireClient, clientID: string, group = GROUP): Promise<unknown> {
  const one = {
    groupName: group,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptionDataSet: [],
  };
  return client.ask(heartBeat, {}, { clientID, producerDataSet: [], consumerDataSet: [one] });
}

/** As `mode queue,queue...`, a queue of one broker by its number. */
async function assigned(
  client: WireClient,
  clientId: string,
  more: { topic?: string; strategyName?: string; messageModel?: 'BROADCASTING' } = {},
): Promise<string | undefined> {
  const body = {
    topic: 'orders',
    consumerGroup: GROUP,
    clientId,
    strategyName: 'AVG',
    messageModel: 'CLUSTERING' as const,
    ...more,
  };
  const answer = await client.ask(queryAssignment, {}, encodeQueryAssignmentBody(body));
  const assignments = decodeAssignments(answer.body);
  if (!assignments) return undefined;
  const queues = assignments.map(({ messageQueue: { brokerName, queueId } }) =>
    brokerName === 'broker-a' ? String(queueId) : `${brokerName}:${queueId}`,
  );
  return `${assignments[0]?.mode ?? ''} ${queues.join(',')}`;
}

function setMode(
  client: WireClient,
  mode: RequestMode,
  popShareQueueNum: number,
  more: { topic?: string; consumerGroup?: string } = {},
): Promise<number> {
  const body = { topic: 'orders', consumerGroup: GROUP, mode, popShareQueueNum, ...more };
  return client.ask(setMessageRequestMode, {}, encodeSetRequestModeBody(body)).then(({ code }) => code);
}

describe('queues that the broker assigns', () => {
  let trial: PopTrial;
  beforeEach(async () => {
    trial = await PopTrial.start();
    await trial.topic('orders', 4);
  });
  afterEach(() => trial.close());

  const join = async (...ids: string[]): Promise<void> => {
    for (const id of ids) await beat(trial.broker.client(), id);
  };

  it('are shared by the strategy a member names, all of them by one that broadcasts', async () => {
    await join('one', 'two', 'three');
    const { client } = trial;
    expect(await assigned(client, 'one')).toBe('PULL 0,1');
    expect(await assigned(client, 'three')).toBe('PULL 2');
    expect(await assigned(client, 'two')).toBe('PULL 3');
    expect(await assigned(client, 'one', { strategyName: 'AVG_BY_CIRCLE' })).toBe('PULL 0,3');
    expect(await assigned(client, 'one', { messageModel: 'BROADCASTING' })).toBe('PULL 0,1,2,3');
  });

  it('cannot be said without members, and for a strategy nobody knows', async () => {
    expect(await assigned(trial.client, 'one')).toBeUndefined();
    await join('one');
    expect(await assigned(trial.client, 'one', { strategyName: 'CONSISTENT_HASH' })).toBeUndefined();
  });

  it('are popped when that was set, all by all or each by some, also after a restart', async () => {
    await join('one', 'three', 'two');
    expect(await setMode(trial.client, 'POP', 0)).toBe(0);
    expect(await assigned(trial.client, 'one')).toBe('POP -1');
    expect(await setMode(trial.client, 'POP', 1)).toBe(0);
    expect(await assigned(trial.client, 'one')).toBe('POP 0,1,2');
    expect(await assigned(trial.client, 'two')).toBe('POP 3,0,1');
    await trial.restart();
    await join('one', 'three', 'two');
    expect(await assigned(trial.client, 'one')).toBe('POP 0,1,2');
    const answer = await trial.client.ask(getAllMessageRequestMode, {});
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      messageRequestModeMap: { orders: { readers: { mode: 'POP', popShareQueueNum: 1 } } },
    });
    await join('four', 'five');
    expect(await assigned(trial.client, 'two')).toBe('POP 0');
  });

  it('of retry topics are pulled, and what nobody knows gets no mode', async () => {
    expect(await setMode(trial.client, 'POP', 0, { topic: '%RETRY%readers' })).toBe(16);
    expect(await setMode(trial.client, 'POP', 0, { topic: 'nobody' })).toBe(17);
    expect(await setMode(trial.client, 'POP', 0, { consumerGroup: 'not legal!' })).toBe(26);
  });
});

it('the queues of all brokers are assigned by each of them', async () => {
  const cluster = await InProcessCluster.start();
  const addresses = [];
  for (const name of ['broker-a', 'broker-b']) addresses.push((await cluster.startBroker(name)).address);
  const [a, b] = addresses.map((address) => new WireClient(address));
  for (const client of [a!, b!]) {
    const sizes = { readQueueNums: 2, writeQueueNums: 2 };
    await client.ask(updateAndCreateTopic, { topic: 'everywhere', perm: 6, ...sizes });
    await beat(client, 'one');
  }
  const topic = { topic: 'everywhere' };
  const said = await assigned(a!, 'one', topic);
  expect(said).toBe(await assigned(b!, 'one', topic));
  expect(said).toBe('PULL 0,1,broker-b:0,broker-b:1');
  await Promise.all([a!.close(), b!.close()]);
  await cluster.close();
});
