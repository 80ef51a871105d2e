import { WireClient, type SentHalf } from '../kit/wire-client.js';
import type { Cluster } from '../kit/cluster.js';
import { until } from '../kit/until.js';
import type { Random } from './random.js';

const TOPIC = 'rounds';
const QUEUES = 3;
const FINAL = 'rounds-final';
const LATE = 'rounds-late';
const LANES = { send: 12, transaction: 6, delay: 2 };
const LATEST_MS = 30_000;
/** There to fail, on a machine that is busy with other things too. */
const LONGEST_START_MS = 120_000;

/** One queue as it has been read so far. */
class Followed {
  next = 0;
  readonly bodies: string[] = [];

  constructor(
    readonly topic: string,
    readonly queueId: number,
  ) {}

  async read(client: WireClient): Promise<void> {
    for (;;) {
      const { code, records } = await client.pull(this.topic, this.next, {
        queueId: this.queueId,
        suspendTimeoutMillis: 0,
        sysFlag: 4,
      });
      if (code !== 0 || records.length === 0) return;
      for (const { queueOffset, body } of records) {
        if (queueOffset !== this.next) throw new Error(`${this.topic} has a gap at ${this.next}`);
        this.bodies.push(body.toString());
        this.next++;
      }
    }
  }
}

/**
 * Kills a broker while it is sent messages, transactions and delayed messages, and starts it again on the same folder.
 * After each start everything that was answered must be there, once, at the offset it was given.
 */
export class BrokerRounds {
  private readonly queues = Array.from({ length: QUEUES }, (_, queueId) => new Followed(TOPIC, queueId));
  private readonly finals = new Followed(FINAL, 0);
  private readonly late = new Followed(LATE, 0);
  private readonly stored: { queueId: number; offset: number; body: string }[] = [];
  private readonly committed = new Set<string>();
  private readonly rolledBack = new Set<string>();
  private readonly promisedLate = new Set<string>();
  private undecided: { half: SentHalf; body: string }[] = [];
  private counter = 0;
  answers = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
  ) {}

  /** @throws when something that was answered is lost, moved, doubled or undone */
  async round(): Promise<void> {
    const client = new WireClient(this.cluster.brokerAddress);
    const load = { running: true };
    const before = this.answers;
    const lane = async (act: () => Promise<void>): Promise<void> => {
      while (load.running) await act().catch(() => (load.running = false));
    };
    const lanes = [
      ...Array.from({ length: LANES.send }, () => lane(() => this.send(client))),
      ...Array.from({ length: LANES.transaction }, () => lane(() => this.transaction(client))),
      ...Array.from({ length: LANES.delay }, () => lane(() => this.delay(client))),
    ];
    await until('something was answered', () => this.answers > before);
    await new Promise((resolve) => setTimeout(resolve, this.random.below(400)));
    await this.cluster.broker.kill();
    load.running = false;
    await Promise.all(lanes);
    await client.close();
    await this.cluster.broker.start(LONGEST_START_MS);
    await this.check();
  }

  private body(kind: string): string {
    return `${kind}-${++this.counter}-${'x'.repeat(this.random.below(900))}`;
  }

  private async send(client: WireClient): Promise<void> {
    const body = this.body('sent');
    const queueId = this.random.below(QUEUES);
    const { code, queueOffset: offset } = await client.send(TOPIC, body, {}, { queueId });
    if (code !== 0) return;
    this.answers++;
    this.stored.push({ queueId, offset, body });
  }

  private async transaction(client: WireClient): Promise<void> {
    const body = this.body('final');
    const half = await client.half('rounds', FINAL, body);
    this.answers++;
    const roll = this.random.next();
    if (roll < 0.2) {
      this.undecided.push({ half, body });
      return;
    }
    const commit = roll < 0.7;
    const { code } = await (commit ? client.commit(half) : client.rollback(half));
    if (code !== 0) throw new Error(`a verdict was answered with ${code}`);
    this.answers++;
    (commit ? this.committed : this.rolledBack).add(body);
  }

  private async delay(client: WireClient): Promise<void> {
    const body = this.body('late');
    const ms = 100 + this.random.below(2000);
    const { code } = await client.send(LATE, body, { TIMER_DELAY_MS: String(ms) });
    if (code !== 0) return;
    this.answers++;
    this.promisedLate.add(body);
  }

  private async check(): Promise<void> {
    const client = new WireClient(this.cluster.brokerAddress);
    try {
      // what was prepared before the kill can be decided after it, once
      for (const { half, body } of this.undecided.splice(0)) {
        const { code, remark } = await client.commit(half);
        if (code !== 0) throw new Error(`an undecided half message is lost: ${code} ${remark ?? ''}`);
        this.committed.add(body);
      }
      for (const queue of [...this.queues, this.finals, this.late]) await queue.read(client);
    } finally {
      await client.close();
    }
    for (const { queueId, offset, body } of this.stored.splice(0)) {
      if (this.queues[queueId]?.bodies[offset] !== body) throw new Error(`answered and not there: ${body}`);
    }
    this.decided();
  }

  private decided(): void {
    const finals = new Set(this.finals.bodies);
    if (finals.size < this.finals.bodies.length) throw new Error('a final message is there twice');
    for (const body of this.committed)
      if (!finals.has(body)) throw new Error(`committed and not there: ${body}`);
    for (const body of this.rolledBack)
      if (finals.has(body)) throw new Error(`rolled back and there: ${body}`);
    if (new Set(this.late.bodies).size < this.late.bodies.length)
      throw new Error('something was delivered twice');
  }

  /** After the last round: all that was delayed comes, and from the first offset on the queues read as they did. */
  async end(): Promise<void> {
    const client = new WireClient(this.cluster.brokerAddress);
    try {
      const missing = (): string[] =>
        [...this.promisedLate].filter((body) => !this.late.bodies.includes(body));
      await until(
        'everything delayed was delivered',
        async () => {
          await this.late.read(client);
          return missing().length === 0;
        },
        LATEST_MS,
      );
      this.decided();
      for (const { topic, queueId, bodies } of [...this.queues, this.finals]) {
        const again = new Followed(topic, queueId);
        await again.read(client);
        if (again.bodies.join('\n') !== bodies.join('\n'))
          throw new Error(`${topic}:${queueId} reads otherwise now`);
      }
    } finally {
      await client.close();
    }
  }
}
