import { describe, expect, it } from '@jest/globals';
import { ManualClock, silentLog } from '@halfmq/remoting';
import { RetryIn } from '../errors.js';
import type { ReceivedMessage } from '../message.js';
import { Aftermath } from './aftermath.js';
import { ConsumedQueue } from './consumed-queue.js';
import { poisonPolicy } from './poison.js';
import type { SendBack } from './send-back.js';
import type { TakenMessage } from './taken-message.js';
import { InOrder } from './waiting.js';

const QUEUE = { topic: 't', brokerName: 'b', queueId: 0 };

describe('a queue that is given up', () => {
  const clock = new ManualClock();
  const begun = (): ConsumedQueue => new ConsumedQueue(QUEUE, 0, new InOrder(() => 'k'));

  it('waits for no message whose wait began at that moment', async () => {
    const options = {
      group: 'g',
      subscriptions: {},
      order: 'key',
      handle: async (): Promise<void> => undefined,
    } as const;
    const aftermath = new Aftermath({
      clock,
      log: silentLog,
      options,
      poison: poisonPolicy(options),
      // in order nothing is sent back that is no dead letter
      sendBack: {} as SendBack,
      wake: () => undefined,
      pause: () => undefined,
    });
    const message = { reconsumeTimes: 0, messageId: 'm', topic: 't' } as ReceivedMessage;
    const taken: TakenMessage = { offset: 0, bytes: 1, physicalOffset: 0, message };
    const queue = begun();
    queue.pulled([taken], 1);
    const handed = queue.handOut(1);
    const settled = aftermath.settle(queue, handed, new Map([[taken, new RetryIn('1h')]]));
    queue.drop();
    await settled;
    expect([queue.isIdle, clock.pending, queue.progress.committable]).toEqual([true, 0, 0]);
  });

  it('does not rest', async () => {
    const queue = begun();
    queue.drop();
    await queue.rest(clock, 60_000);
    expect(clock.pending).toBe(0);
  }, 1_000);
});
