import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ackMessage,
  batchAckMessage,
  decodeBatchAcks,
  DONE,
  HandlerTable,
  RemotingClient,
  RemotingServer,
  silentLog,
  StatusError,
  systemClock,
  type Receipt,
} from '@halfmq/remoting';
import { BrokerRequests } from '../../broker-requests.js';
import { Acks } from './acks.js';

const COMMON = { clock: systemClock, log: silentLog };

/** What a broker was told, a request an entry: `7` alone, `1 2 | 9` together, of two pops. */
class ToldBroker {
  readonly told: string[] = [];
  refuses = false;
  private readonly server: RemotingServer;
  private readonly remoting = new RemotingClient(COMMON);
  address = '';

  constructor(knowsBatches: boolean) {
    const handlers = new HandlerTable().add(ackMessage, ({ offset }) => this.hear(String(offset)));
    if (knowsBatches)
      handlers.add(batchAckMessage, (_header, { body }) =>
        this.hear(
          decodeBatchAcks(body)
            .map(({ offsets }) => offsets.join(' '))
            .join(' | '),
        ),
      );
    this.server = new RemotingServer({ ...COMMON, handlers });
  }

  async start(): Promise<this> {
    this.address = `127.0.0.1:${await this.server.listen(0, '127.0.0.1')}`;
    return this;
  }

  requests(): BrokerRequests {
    return new BrokerRequests(this.remoting, 5_000);
  }

  async close(): Promise<void> {
    await this.remoting.close();
    await this.server.close();
  }

  private hear(what: string): typeof DONE {
    if (this.refuses) throw new StatusError('SYSTEM_ERROR', 'not now');
    this.told.push(what);
    return DONE;
  }
}

describe('acknowledgements of popped messages', () => {
  let broker: ToldBroker;
  let acks: Acks;
  beforeEach(() => begin(true));
  afterEach(() => broker?.close());

  async function begin(knowsBatches: boolean): Promise<void> {
    await broker?.close();
    broker = await new ToldBroker(knowsBatches).start();
    acks = new Acks('g', broker.requests());
  }

  function done(queueOffset: number, start = 0): Promise<void> {
    const brokerName = 'b';
    const pop = { start, popTime: 1_000 + start, invisibleMs: 60_000, reviveQueue: 1, retryFlag: 0 };
    const receipt: Receipt = { ...pop, brokerName, queueId: 2, queueOffset };
    const header = () => ({
      consumerGroup: 'g',
      topic: 't',
      queueId: 2,
      extraInfo: 'x',
      offset: queueOffset,
    });
    return acks.acknowledge({ broker: { brokerName, address: broker.address }, topic: 't', receipt, header });
  }

  it('go alone when nothing is under way, and together when something is', async () => {
    await Promise.all([done(0), done(1), done(2), done(12, 10), done(3)]);
    await done(4);
    expect(broker.told).toEqual(['0', '1 2 3 | 12', '4']);
  });

  it('go alone where a bit for each offset since the pop began would be too many', async () => {
    await Promise.all([done(0), done(1), done(5_000), done(2)]);
    expect(broker.told.toSorted()).toEqual(['0', '1 2', '5000']);
  });

  it('go each alone to a broker that knows no batches, which is asked once', async () => {
    await begin(false);
    await Promise.all([done(0), done(1), done(2)]);
    await Promise.all([done(3), done(4)]);
    expect(broker.told.toSorted()).toEqual(['0', '1', '2', '3', '4']);
  });

  it('fail together, and are said again by whoever wants to', async () => {
    broker.refuses = true;
    const all = await Promise.allSettled([done(0), done(1), done(2)]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    broker.refuses = false;
    await Promise.all([done(0), done(1), done(2)]);
    expect(broker.told.join(' ').split(' ').toSorted()).toEqual(['0', '1', '2']);
  });
});
