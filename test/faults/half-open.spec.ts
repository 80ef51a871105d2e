import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { ManualClock } from '@halfmq/remoting';
import { HalfmqClient } from '@halfmq/transaction';
import { BadNetwork } from '../kit/bad-network.js';
import { note, testLog } from '../kit/client-scenarios.js';
import { InProcessBroker } from '../kit/in-process.js';
import { NamesrvCaller } from '../kit/namesrv-caller.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

const TOPIC = 'silence';
const GROUP = 'silence-readers';
/** A heartbeat's interval, and what a request may take. */
const MINUTE_MS = 60_000;

/** A client, a broker and a name server, each behind a way that can lose connections without a word. */
describe('a connection of which the client has the only end', () => {
  let namesrv: RunningNamesrv;
  let broker: InProcessBroker;
  let toBroker: BadNetwork;
  let toNamesrv: BadNetwork;
  let caller: NamesrvCaller;
  let clock: ManualClock;
  let client: HalfmqClient;

  beforeEach(async () => {
    namesrv = await startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1' } });
    broker = await InProcessBroker.start();
    toBroker = await BadNetwork.before(broker.broker.address);
    toNamesrv = await BadNetwork.before(namesrv.address);
    caller = new NamesrvCaller(namesrv);
    const topics = [TOPIC, 'other', `%RETRY%${GROUP}`, 'TBW102'];
    await caller.register('broker-a', { topics, header: { brokerAddr: toBroker.address } });
    clock = new ManualClock();
    client = new HalfmqClient({ nameServers: toNamesrv.address, clock, log: testLog });
    await client.start();
  });
  afterEach(async () => {
    await client?.close();
    await caller?.client.close();
    for (const network of [toBroker, toNamesrv]) await network?.close();
    await broker?.close();
    await namesrv?.close();
  });

  /** Time passes until it is so, and no more than a minute of it. */
  async function within(what: string, condition: () => boolean): Promise<void> {
    const end = clock.monotonic() + MINUTE_MS;
    await until(what, async () => {
      if (clock.monotonic() < end) await clock.advance(500);
      return condition();
    });
  }

  async function succeeds(act: () => Promise<unknown>): Promise<void> {
    let done = false;
    const trying = (async () => {
      while (!done)
        done = await act().then(
          () => true,
          () => false,
        );
    })();
    await within('it succeeds', () => done);
    await trying;
  }

  it('is given up by a producer: later sends succeed', async () => {
    const producer = client.producer();
    await producer.send({ topic: TOPIC, body: 'before' });
    toBroker.lose();
    await succeeds(() => producer.send({ topic: TOPIC, body: 'after' }));
  });

  it('is given up by a consumer: it gets what comes later', async () => {
    const direct = new WireClient(broker.broker.address);
    try {
      await direct.send(TOPIC, 'before');
      const { seen } = await note(client, TOPIC, { group: GROUP });
      await within('it reads', () => seen.length === 1);
      toBroker.lose();
      await direct.send(TOPIC, 'after');
      await within('it reads again', () => seen.length === 2);
    } finally {
      await direct.close();
    }
  });

  it('is given up when it leads to a name server: routes are found again', async () => {
    toNamesrv.lose();
    const producer = client.producer();
    await succeeds(() => producer.send({ topic: 'other', body: 'x' }));
  });
});
