import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { deleteTopicInBroker, getMaxOffset, offsetResponse, unregisterClient } from '@halfmq/remoting';
import { PopTrial } from '../kit/pop-trial.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

const TOPIC = 'orders';
const RETRY = '%RETRY%readers_orders';

let trial: PopTrial;
beforeEach(async () => (trial = await PopTrial.start()));
afterEach(() => trial.close());

describe('a held pop', () => {
  it('is held no longer when the clock is set back meanwhile', async () => {
    const held = trial.readers.pop({ pollTime: 15_000, exp: 'b', expType: 'TAG' });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.broker.clock.advance(5_000);
    const { clock } = trial.broker;
    clock.setWallClock(clock.now() - 3_600_000);
    await trial.send('a');
    await trial.broker.clock.advance(10_000);
    expect(await held).toMatchObject({ code: 210, messages: [] });
  });
});

describe('a member that leaves', () => {
  it('is given nothing by a pop of its that is held: another group of its connection stays', async () => {
    await trial.client.consumer('readers', { [TOPIC]: '*' });
    const held = trial.readers.pop({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.client.ask(unregisterClient, { clientID: 'client', consumerGroup: 'readers' });
    expect(await held).toMatchObject({ code: 210, messages: [] });
    await trial.send('a');
    expect(await trial.group('readers', TOPIC, trial.broker.client()).bodies()).toEqual(['a']);
  });

  it('ends nothing of the other members', async () => {
    const other = trial.broker.client();
    await trial.client.consumer('readers', { [TOPIC]: '*' });
    const held = trial.group('readers', TOPIC, other).bodies({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.client.ask(unregisterClient, { clientID: 'client', consumerGroup: 'readers' });
    await trial.send('a');
    expect(await held).toEqual(['a']);
  });
});

describe('what was popped', () => {
  it('comes again at its time also when the clock was set forward, or the machine was suspended, meanwhile', async () => {
    await trial.send('a');
    expect(await trial.readers.bodies({ invisibleTime: 600_000 })).toEqual(['a']);
    const { clock } = trial.broker;
    clock.setWallClock(clock.now() + 600_000);
    await clock.advance(30_000);
    expect(await trial.readers.bodies()).toEqual(['a']);
  });

  it('is known after a restart: what is done stays done, the rest comes in its time', async () => {
    await trial.send('a', 'b', 'c');
    const { messages } = await trial.readers.pop({ invisibleTime: 30_000, maxMsgNums: 2 });
    await trial.readers.ack(messages[0]!);
    await trial.restart();
    expect(await trial.readers.bodies()).toEqual(['c']);
    expect(await trial.readers.ack(messages[1]!)).toBe(0);
    await trial.broker.clock.advance(60_200);
    expect(await trial.readers.bodies()).toEqual(['c']);
  });

  it('and written down whole, as earlier versions did, is known after a restart, and once', async () => {
    await trial.send('a', 'b');
    const { messages } = await trial.readers.pop({ invisibleTime: 30_000 });
    const popTime = messages[0]?.receipt.popTime ?? 0;
    // both offsets of one lease, in the words of an earlier version
    const document = JSON.stringify({ leases: [[0, popTime, 30_000, 3, 0, 1]], ordered: [], locks: [] });
    trial.broker.store.leases.takenOver((_group, _topic, part) => (part === '' ? document : undefined));
    trial.broker.store.leases.touch('readers', TOPIC);
    trial.broker.store.leases.touch('readers', TOPIC, '0.0');
    await trial.restart();
    expect(await trial.readers.ack(messages[0]!)).toBe(0);
    await trial.restart();
    await trial.broker.clock.advance(30_200);
    expect(await trial.readers.bodies()).toEqual(['b']);
  });

  it('comes again after a kill when the second in which it was handed out is lost, and never is lost itself', async () => {
    await trial.send('a', 'b');
    expect(await trial.readers.bodies({ invisibleTime: 30_000, maxMsgNums: 1 })).toEqual(['a']);
    await trial.broker.clock.advance(1_000);
    expect(await trial.readers.bodies({ invisibleTime: 30_000 })).toEqual(['b']);
    await trial.kill();
    const seen = new Set(await trial.readers.bodies({ invisibleTime: 30_000 }));
    expect(seen).toContain('b');
    await trial.broker.clock.advance(30_200);
    for (const body of await trial.readers.bodies()) seen.add(body);
    expect([...seen].toSorted()).toEqual(['a', 'b']);
  });

  it('comes again by hundreds where hundreds are due at once, others being served in between', async () => {
    const bodies = Array.from({ length: 600 }, (_, nth) => `m${nth}`);
    await Promise.all(bodies.map((body) => trial.client.send('orders', body)));
    for (let popped = 0; popped < bodies.length;)
      popped += (await trial.readers.bodies({ invisibleTime: 5_000 })).length;
    const commits: number[] = [];
    const listening = trial.broker.store.onArrival(({ topic, tagsCodes }) => {
      if (topic === RETRY) commits.push(tagsCodes.length);
    });
    await trial.broker.clock.advance(5_200);
    listening();
    expect(Math.max(...commits)).toBeLessThan(300);
    const again = new Set<string>();
    for (let found = 1; found > 0;) {
      const popped = await trial.readers.bodies();
      found = popped.length;
      for (const body of popped) again.add(body);
    }
    expect([...again].toSorted()).toEqual(bodies.toSorted());
  });

  it('of a topic that was deleted and made anew is not taken for what lies there now', async () => {
    await trial.send('old');
    await trial.readers.pop({ invisibleTime: 5_000 });
    await trial.client.ask(deleteTopicInBroker, { topic: TOPIC });
    await trial.topic(TOPIC);
    await trial.broker.clock.advance(1);
    await trial.send('new');
    await trial.broker.clock.advance(5_200);
    expect(await trial.readers.bodies()).toEqual(['new']);
    const answer = await trial.client.ask(getMaxOffset, { topic: RETRY, queueId: 0 });
    expect(offsetResponse.decode(answer.extFields ?? {}).offset).toBe(0);
  });
});

describe('an ordered pop', () => {
  const ordered = { order: true, invisibleTime: 10_000 };

  it('hands out nothing more of a queue while something of it is out', async () => {
    await trial.send('a', 'b', 'c');
    const { messages, header } = await trial.readers.pop({ ...ordered, maxMsgNums: 2 });
    expect(header).toMatchObject({ reviveQid: 999, orderCountInfo: '0 0 0' });
    expect(await trial.readers.bodies(ordered)).toEqual([]);
    await trial.readers.ack(messages[0]!);
    expect(await trial.readers.bodies(ordered)).toEqual([]);
    await trial.readers.ack(messages[1]!);
    expect(await trial.readers.bodies(ordered)).toEqual(['c']);
  });

  it('hands out again what was not done, and nothing that was, from its queue', async () => {
    await trial.send('a', 'b', 'c');
    const { messages } = await trial.readers.pop(ordered);
    await trial.readers.ack(messages[1]!);
    await trial.broker.clock.advance(10_000);
    const again = await trial.readers.pop(ordered);
    expect(again.messages.map(({ body, before, topic: of }) => [body, before, of])).toEqual([
      ['a', 1, TOPIC],
      ['c', 1, TOPIC],
    ]);
    expect(await trial.readers.ack(messages[0]!)).toBe(0); // late: it is out once more
    expect(await trial.readers.bodies(ordered)).toEqual([]);
    for (const message of again.messages) await trial.readers.ack(message);
    await trial.send('d');
    expect(await trial.readers.bodies(ordered)).toEqual(['d']);
  });

  it('gives a repeated attempt what it had', async () => {
    await trial.send('a', 'b');
    const attempt = { ...ordered, attemptId: 'one', maxMsgNums: 1 };
    expect(await trial.readers.bodies(attempt)).toEqual(['a']);
    expect(await trial.readers.bodies({ ...attempt, attemptId: 'two' })).toEqual([]);
    expect(await trial.readers.bodies(attempt)).toEqual(['a']);
  });

  it('waits for what is out: done, or given back early', async () => {
    await trial.send('a', 'b');
    const [a] = (await trial.readers.pop({ ...ordered, maxMsgNums: 1 })).messages;
    const held = trial.readers.bodies({ ...ordered, pollTime: 15_000, maxMsgNums: 1 });
    await trial.readers.change(a!, 3_000);
    await trial.broker.clock.advance(3_001);
    expect(await held).toEqual(['a']);
  });

  it('says what is wrong with an acknowledgement of what is not out', async () => {
    await trial.send('a');
    const [message] = (await trial.readers.pop(ordered)).messages;
    await trial.broker.clock.advance(10_000);
    await trial.restart();
    expect(await trial.readers.ack({ ...message!, receipt: { ...message!.receipt, popTime: 5 } })).toBe(0);
    expect(await trial.readers.ack(message!)).toBe(0);
    await trial.send('b');
    expect(await trial.readers.bodies(ordered)).toEqual(['b']);
  });
});
