import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endTransaction, RemotingClient, silentLog, SysFlag, systemClock } from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { until } from '../kit/until.js';
import { WireClient, type ReceivedCheck, type SentHalf } from '../kit/wire-client.js';
import { readAll } from '../kit/wire.js';

const TOPIC = 'KilledTransactions';
const GROUP = 'killed';
const ROUNDS = 5;
const LANES = 8;
/** Verdicts answered in each round before the broker is killed; others are on their way then. */
const VERDICTS_A_ROUND = 40;

jest.setTimeout(180_000);

type Decision = 'commit' | 'rollback';

/**
 * A producer whose local decisions are written down before they are said, as a database would: what it finds written by
 * the other of the two, the transaction and the check, it does not change any more.
 */
class Producer {
  readonly decisions = new Map<string, Decision>();
  answered = 0;
  private running = false;
  private lanes: Promise<void>[] = [];
  private readonly halves: SentHalf[] = [];

  constructor(private readonly client: WireClient) {
    client.onCheck = (check) => void this.answer(check).catch(() => undefined);
  }

  async start(): Promise<void> {
    await this.client.producer(GROUP, ['*']);
    this.running = true;
    this.lanes = Array.from({ length: LANES }, () => this.lane());
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.lanes);
  }

  /** Says every verdict again, and its opposite. */
  async repeat(): Promise<void> {
    for (const half of this.halves) {
      const decision = this.decide(half.uniqueKey, 'rollback');
      const other = decision === 'commit' ? 'rollback' : 'commit';
      expect((await this.client[other](half)).code).not.toBe(0);
      expect((await this.client[decision](half)).code).toBe(0);
    }
  }

  private async lane(): Promise<void> {
    for (let turn = 0; this.running; turn++) {
      try {
        const half = await this.client.half(GROUP, TOPIC, 'x'.repeat(1 + (turn % 500)));
        const decision = this.decide(half.uniqueKey, turn % 3 === 2 ? 'rollback' : 'commit');
        this.halves.push(half);
        // every fifth dies before it says so
        if (turn % 5 === 4) continue;
        const { code } = await this.client[decision](half);
        expect(code).toBe(0);
        this.answered++;
      } catch (error) {
        if (!this.running || (error instanceof Error && error.name === 'RemotingError')) return;
        throw error;
      }
    }
  }

  private decide(uniqueKey: string, decision: Decision): Decision {
    const written = this.decisions.get(uniqueKey) ?? decision;
    this.decisions.set(uniqueKey, written);
    return written;
  }

  private answer({ header, record }: ReceivedCheck): Promise<void> {
    const uniqueKey = header.transactionId ?? '';
    const half = {
      topic: record.topic,
      group: GROUP,
      halfOffset: header.tranStateTableOffset,
      physicalOffset: header.commitLogOffset,
      uniqueKey,
    };
    const committed = this.decide(uniqueKey, 'rollback') === 'commit';
    const flag = committed ? SysFlag.TRANSACTION_COMMIT : SysFlag.TRANSACTION_ROLLBACK;
    return this.client.say(endTransaction, this.client.verdict(half, flag, { fromTransactionCheck: true }));
  }
}

describe('a broker killed with SIGKILL in the midst of transactions', () => {
  let cluster: Cluster;
  let reader: RemotingClient;
  let client: WireClient;

  beforeAll(async () => {
    cluster = await Cluster.start({
      transactionTimeOut: '1000',
      transactionCheckInterval: '500',
      transactionCheckMax: '1000',
    });
    reader = new RemotingClient({ clock: systemClock, log: silentLog });
    client = new WireClient(cluster.brokerAddress);
  });

  afterAll(async () => {
    await client?.close();
    await reader?.close();
    await cluster?.stop();
  });

  it('delivers what was committed, once, and nothing else', async () => {
    const producer = new Producer(client);
    for (let round = 1; round <= ROUNDS; round++) {
      await producer.start();
      await until('enough verdicts were answered', () => producer.answered >= round * VERDICTS_A_ROUND);
      await cluster.broker.kill();
      await producer.stop();
      await cluster.broker.start();
    }
    await client.producer(GROUP, ['*']);

    const delivered = async (): Promise<string[]> => {
      const found = await readAll(reader, cluster.brokerAddress, TOPIC, 1);
      return found.map(({ uniqueKey }) => uniqueKey).sort();
    };
    const committed = (): string[] =>
      [...producer.decisions].filter(([, decision]) => decision === 'commit').map(([key]) => key);
    await until('all that was committed is there', async () => {
      const keys = new Set(await delivered());
      return committed().every((key) => keys.has(key));
    });
    await producer.repeat();
    expect(await delivered()).toEqual(committed().sort());
    expect(committed().length).toBeGreaterThan(100);
  });
});
