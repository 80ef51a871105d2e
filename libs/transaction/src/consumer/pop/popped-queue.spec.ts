import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ackMessage,
  changeMessageInvisibletime,
  DONE,
  encodeTopicRouteData,
  getRouteinfoByTopic,
  HandlerTable,
  ManualClock,
  RemotingClient,
  RemotingServer,
  silentLog,
  StatusError,
  systemClock,
} from '@halfmq/remoting';
import { BrokerRequests } from '../../broker-requests.js';
import { InFlight } from '../../in-flight.js';
import type { ReceivedMessage } from '../../message.js';
import { NameServers } from '../../routes/name-servers.js';
import { Routes } from '../../routes/routes.js';
import { InAnyOrder, InOrder } from '../waiting.js';
import { HeldLease } from './held-lease.js';
import { PopRequests } from './pop-requests.js';
import { type PoppedMessage, PoppedQueue } from './popped-queue.js';

const COMMON = { clock: systemClock, log: silentLog };
const QUEUE = { topic: 't', brokerName: 'b', queueId: -1 };

describe('a popped queue', () => {
  let server: RemotingServer;
  let remoting: RemotingClient;
  let clock: ManualClock;
  let requests: PopRequests;
  let saying: InFlight;
  /** `offset for ms`, each time a message's invisible time was to be changed */
  let asked: string[];
  /** offsets whose first change is refused */
  let refused: Set<number>;

  /** how many acknowledgements are refused */
  let unable = 0;

  beforeEach(async () => {
    [asked, refused] = [[], new Set()];
    let port = 0;
    const handlers = new HandlerTable()
      .add(getRouteinfoByTopic, () => {
        const brokerAddrs = new Map([[0, `127.0.0.1:${port}`]]);
        const brokerDatas = [{ cluster: 'c', brokerName: 'b', brokerAddrs }];
        return {
          status: 'OK',
          body: encodeTopicRouteData({ queueDatas: [], brokerDatas }, { version: 0 }),
        };
      })
      .add(ackMessage, ({ offset }) => {
        if (unable-- > 0) throw new StatusError('SYSTEM_ERROR', 'not now');
        asked.push(`${offset} done`);
        return DONE;
      })
      .add(changeMessageInvisibletime, ({ offset, invisibleTime }) => {
        asked.push(`${offset} for ${invisibleTime}`);
        if (refused.delete(offset)) throw new StatusError('SYSTEM_ERROR', 'not now');
        const header = { popTime: 2_000, invisibleTime, reviveQid: 1 };
        return { status: 'OK', header };
      });
    server = new RemotingServer({ ...COMMON, handlers });
    port = await server.listen(0, '127.0.0.1');
    remoting = new RemotingClient(COMMON);
    const nameServers = new NameServers(remoting, systemClock, silentLog, `127.0.0.1:${port}`, 5_000);
    const routes = new Routes(systemClock, silentLog, nameServers);
    await routes.subscribeQueues('t');
    clock = new ManualClock(undefined, () => new Promise((resolve) => setTimeout(resolve, 5)));
    requests = new PopRequests('g', routes, new BrokerRequests(remoting, 5_000));
    saying = new InFlight();
  });
  afterEach(async () => {
    await remoting?.close();
    await server?.close();
  });

  function popped(queueOffset: number): PoppedMessage {
    const pop = { start: 0, popTime: 1_000, invisibleMs: 10_000, reviveQueue: 1, retryFlag: 0, queueId: 0 };
    const receipt = { ...pop, brokerName: 'b', queueOffset };
    const parts = { clock, log: silentLog, requests, invisibleMs: 10_000 };
    const lease = new HeldLease(parts, { topic: 't', receipt });
    const message = { reconsumeTimes: 0, messageId: `${queueOffset}` } as ReceivedMessage;
    return { offset: queueOffset, bytes: 1, physicalOffset: 0, message, lease };
  }

  it('that is given up leaves a message to others whose broker could not be told', async () => {
    refused.add(0);
    const queue = new PoppedQueue(QUEUE, new InAnyOrder(), false, saying);
    queue.popped([popped(0), popped(1)]);
    queue.drop();
    await saying.settled();
    await clock.advance(60_000);
    expect(asked).toEqual(['0 for 0', '1 for 0']);
    expect(clock.pending).toBe(0);
  });

  it('that is given up keeps what is being handled, also in order, when what is behind it could not be given back', async () => {
    refused.add(1);
    const queue = new PoppedQueue(QUEUE, new InOrder(() => 'k'), true, saying);
    queue.popped([popped(0), popped(1)]);
    const [handled] = queue.handOut(1);
    queue.drop();
    await saying.settled();
    await clock.advance(6_000);
    expect(handled?.lease?.isLost).toBe(false);
    expect(asked).toEqual(['1 for 0', '0 for 10000']);
    handled?.lease?.lose();
  });

  it('tells what is done to a broker that comes back, while it is its own', async () => {
    unable = 5;
    const queue = new PoppedQueue(QUEUE, new InAnyOrder(), false, saying);
    queue.popped([popped(0)]);
    const [handled] = queue.handOut(1);
    if (handled) queue.finished(handled);
    for (let refusals = unable; refusals > 0; refusals--) {
      while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.advance(1_000);
    }
    await saying.settled();
    expect(asked).toEqual(['0 done']);
  });
});
