import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ackMessage,
  batchAckMessage,
  decodeBatchAcks,
  DONE,
  HandlerTable,
  ORDERED_REVIVE_QUEUE,
  RemotingClient,
  RemotingServer,
  silentLog,
  StatusError,
  systemClock,
  type Receipt,
} from '@halfmq/remoting';
import type { HandedOut } from '../../consume/pop/acknowledge.js';
import { Acks } from './acks.js';
import { Wire } from './wire.js';

const COMMON = { clock: systemClock, log: silentLog };

/** What a broker was told, a request an entry: `7` alone, `g t 1 2 | g t 9` together, of two pops. */
class ToldBroker {
  readonly told: string[] = [];
  refusesBatches: 'SYSTEM_BUSY' | 'SYSTEM_ERROR' | undefined;
  /** an offset that is refused alone */
  illegal = -1;
  private readonly server: RemotingServer;
  readonly remoting = new RemotingClient(COMMON);

  constructor(knowsBatches: boolean) {
    const handlers = new HandlerTable().add(ackMessage, ({ offset }) => {
      if (offset === this.illegal) throw new StatusError('NO_MESSAGE', 'none');
      return this.hear(String(offset));
    });
    if (knowsBatches)
      handlers.add(batchAckMessage, (_header, { body }) => {
        if (this.refusesBatches) throw new StatusError(this.refusesBatches, 'not these');
        const pops = decodeBatchAcks(body).map(
          ({ group, topic, offsets }) => `${group} ${topic} ${offsets.join(' ')}`,
        );
        return this.hear(pops.join(' | '));
      });
    this.server = new RemotingServer({ ...COMMON, handlers });
  }

  async acks(): Promise<Acks> {
    const port = await this.server.listen(0, '127.0.0.1');
    return new Acks('b', `127.0.0.1:${port}`, new Wire(this.remoting));
  }

  async close(): Promise<void> {
    await this.remoting.close();
    await this.server.close();
  }

  private hear(what: string): typeof DONE {
    this.told.push(what);
    return DONE;
  }
}

function handedOut(queueOffset: number, more: Partial<Receipt> = {}, names: object = {}): HandedOut {
  const pop = { start: 0, popTime: 1_000, invisibleMs: 60_000, reviveQueue: 1, retryFlag: 0 };
  const receipt = { ...pop, brokerName: 'b', queueId: 2, queueOffset, ...more };
  return { group: 'g', topic: 't', receipt, ...names };
}

describe('what is done at a broker elsewhere', () => {
  let broker: ToldBroker;
  let acks: Acks;
  beforeEach(() => begin(true));
  afterEach(() => broker.close());

  async function begin(knowsBatches: boolean): Promise<void> {
    broker = new ToldBroker(knowsBatches);
    acks = await broker.acks();
  }

  const done = (messages: readonly HandedOut[]): Promise<unknown> =>
    Promise.all(messages.map((message) => acks.done(message)));

  it('is told in one request when it comes in one turn, an entry a pop', async () => {
    const again = handedOut(40, { start: 40, retryFlag: 1 }, { topic: '%RETRY%g_t' });
    const others = handedOut(2, {}, { group: 'other' });
    await done([handedOut(1), handedOut(2), again, others]);
    expect(broker.told).toEqual(['g t 1 2 | g %RETRY%g_t 40 | other t 2']);
  });

  it('is told alone when it comes alone, and when its order counts or it lies far behind its pop', async () => {
    await acks.done(handedOut(1));
    await done([handedOut(7, { reviveQueue: ORDERED_REVIVE_QUEUE }), handedOut(5_000), handedOut(2)]);
    expect(broker.told.toSorted()).toEqual(['1', '2', '5000', '7']);
  });

  it('is told one by one to a broker that does not know batches, without asking again', async () => {
    await broker.close();
    await begin(false);
    await done([handedOut(1), handedOut(2)]);
    await done([handedOut(3), handedOut(4)]);
    expect(broker.told.toSorted()).toEqual(['1', '2', '3', '4']);
  });

  it('is told one by one when all together is refused: each hears what is wrong with it', async () => {
    broker.refusesBatches = 'SYSTEM_ERROR';
    broker.illegal = 2;
    const [good, bad] = await Promise.allSettled([acks.done(handedOut(1)), acks.done(handedOut(2))]);
    expect(good).toMatchObject({ status: 'fulfilled' });
    expect(bad).toMatchObject({ status: 'rejected', reason: { status: 'NO_MESSAGE' } });
    broker.refusesBatches = undefined;
    await done([handedOut(3), handedOut(4)]);
    expect(broker.told).toEqual(['1', 'g t 3 4']);
  });

  it('is not told again to a broker that is busy', async () => {
    broker.refusesBatches = 'SYSTEM_BUSY';
    const all = await Promise.allSettled([acks.done(handedOut(1)), acks.done(handedOut(2))]);
    expect(all).toMatchObject([{ reason: { status: 'SYSTEM_BUSY' } }, { reason: { status: 'SYSTEM_BUSY' } }]);
    expect(broker.told).toEqual([]);
  });

  it('is no more done than its broker can be reached', async () => {
    await broker.close();
    const all = await Promise.allSettled([acks.done(handedOut(1)), acks.done(handedOut(2))]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
