import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  HalfmqClient,
  HalfmqError,
  TransactionState,
  type HalfReceipt,
  type TransactionProducer,
} from '@halfmq/transaction';
import { note, testLog } from '../kit/client-scenarios.js';
import { Cluster } from '../kit/cluster.js';
import { until } from '../kit/until.js';

const TOPIC = 'KilledTransactions';
const ROUNDS = 5;
const WORKERS = 8;
const DECIDED_A_ROUND = 40;

jest.setTimeout(120_000);

/** What a local database would know: a transaction is committed when its id is in here, whatever its producer heard. */
class Ledger {
  readonly committed = new Set<string>();
  readonly others = new Set<string>();
  private next = 0;

  begin(): string {
    return `tx-${++this.next}`;
  }

  /** Every third one is rolled back. */
  decide(id: string): TransactionState {
    const yes = Number(id.slice(3)) % 3 !== 0;
    (yes ? this.committed : this.others).add(id);
    return yes ? TransactionState.Commit : TransactionState.Rollback;
  }

  check(id: string): TransactionState {
    return this.committed.has(id) ? TransactionState.Commit : TransactionState.Rollback;
  }

  get decided(): number {
    return this.committed.size + this.others.size;
  }
}

describe('transactions of a client whose broker is killed with SIGKILL', () => {
  let cluster: Cluster;
  let client: HalfmqClient;

  beforeAll(async () => {
    cluster = await Cluster.start({ transactionTimeOut: '1000', transactionCheckInterval: '1000' });
    client = new HalfmqClient({ nameServers: cluster.nameServer, log: testLog });
    await client.start();
  });
  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  async function work(producer: TransactionProducer, ledger: Ledger, stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const id = ledger.begin();
      try {
        const half: HalfReceipt = await producer.prepare({ topic: TOPIC, body: id });
        // not decided before its half message is safe, as a database transaction would not commit
        await producer.end(half, ledger.decide(id));
      } catch (error) {
        // no answer, or no broker: what was decided stays decided, and the check finds out
        if (!(error instanceof HalfmqError) && (error as Error).name !== 'RemotingError') throw error;
        ledger.others.add(id);
        if (ledger.committed.has(id)) ledger.others.delete(id);
      }
    }
  }

  it('are delivered when they were committed, never otherwise, and lie in the topic once', async () => {
    const ledger = new Ledger();
    const { seen } = await note(client, TOPIC, { group: 'killed-readers' });
    const producer = client.transactionProducer({
      group: 'killed-producers',
      topics: [TOPIC],
      check: async (message) => ledger.check(message.body.toString()),
    });
    for (let round = 1; round <= ROUNDS; round++) {
      const stop = new AbortController();
      const workers = Array.from({ length: WORKERS }, () => work(producer, ledger, stop.signal));
      const goal = ledger.decided + DECIDED_A_ROUND;
      await until('enough are decided', () => ledger.decided >= goal);
      await cluster.broker.kill();
      stop.abort();
      await cluster.broker.start();
      await Promise.all(workers);
    }
    const bodies = (): Set<string> => new Set(seen.map((message) => message.body.toString()));
    await until('every committed one is delivered', () => {
      const delivered = bodies();
      return [...ledger.committed].every((id) => delivered.has(id));
    });
    expect([...bodies()].filter((id) => !ledger.committed.has(id))).toEqual([]);
    const places = new Set(seen.map((m) => `${m.body.toString()} ${m.queueId} ${m.queueOffset}`));
    expect(places.size).toBe(ledger.committed.size);
  });
});
