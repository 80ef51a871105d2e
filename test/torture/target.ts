import { randomBytes } from 'node:crypto';
import {
  encodeOffsetMessageId,
  decodeRecords,
  getBrokerClusterInfo,
  getMaxOffset,
  parseProperties,
  pullMessage,
  PullSysFlag,
  RemotingClient,
  silentLog,
  systemClock,
  type MessageRecord,
} from '@halfmq/remoting';
import { until } from '../kit/until.js';
import { WireClient, type SentHalf } from '../kit/wire-client.js';
import { passed, Producer } from './producer.js';

const PARKED_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC';
const HEARTBEAT_MS = 5_000;
const START_MS = 60_000;
/** For a machine that is busy. */
const LATE_MS = 5_000;

/** The broker's settings, as it was started. */
export interface Timings {
  /** transactionTimeOut */
  readonly timeoutMs: number;
  /** transactionCheckInterval */
  readonly intervalMs: number;
  /** transactionCheckMax */
  readonly checks: number;
}

export interface TargetOptions extends Timings {
  /** existing ones, for a broker that creates none; a fresh name for each case by default */
  readonly topics?: readonly string[] | undefined;
  /** of case 8 */
  readonly halves: number;
  /** ends the broker with SIGKILL and starts it again */
  readonly kill?: (() => Promise<void>) | undefined;
}

/** A broker of any make, found by its name server, spoken to as a classic client does. */
export class Target {
  private readonly producers = new Set<Producer>();
  private readonly starts = new Map<string, number>();
  private readonly run = randomBytes(4).toString('hex');
  private readonly beating: NodeJS.Timeout;
  private reader: WireClient;
  private names = 0;

  private constructor(
    readonly address: string,
    readonly options: TargetOptions,
  ) {
    this.reader = new WireClient(address);
    this.beating = setInterval(() => void this.beat(), HEARTBEAT_MS);
  }

  static at(address: string, options: TargetOptions): Target {
    return new Target(address, options);
  }

  /** @throws when no broker is registered there */
  static async behind(nameServer: string, options: TargetOptions): Promise<Target> {
    const client = new RemotingClient({ clock: systemClock, log: silentLog });
    try {
      const answer = await client.request(nameServer, getBrokerClusterInfo, {}, undefined, {
        timeoutMs: 5_000,
      });
      const address = addressOf(answer.body.toString());
      if (address === undefined) throw new Error(`no broker is registered at ${nameServer}`);
      return Target.at(address, options);
    } finally {
      await client.close();
    }
  }

  private async beat(): Promise<void> {
    // one that was closed meanwhile, or whose broker is being started again, is heard the next time
    await Promise.allSettled([...this.producers].map((producer) => producer.heartbeat()));
  }

  /** The n-th topic of a case. */
  async topic(nth = 0): Promise<string | undefined> {
    const { topics } = this.options;
    const name = topics ? topics[nth] : `torture-${this.run}-${++this.names}`;
    if (name !== undefined && !this.starts.has(name)) this.starts.set(name, await this.nextOffset(name));
    return name;
  }

  private async nextOffset(topic: string): Promise<number> {
    const { code, extFields } = await this.reader.ask(getMaxOffset, { topic, queueId: 0 });
    return code === 0 ? Number(extFields?.['offset']) : 0;
  }

  group(): string {
    return `torture-${this.run}-g${++this.names}`;
  }

  async producer(group = this.group()): Promise<Producer> {
    const producer = new Producer(this.address, group);
    this.producers.add(producer);
    await producer.heartbeat();
    return producer;
  }

  async leave(producer: Producer): Promise<void> {
    this.producers.delete(producer);
    await producer.close();
  }

  /** What lies in queue 0 since the beginning of this run. */
  async read(topic: string): Promise<MessageRecord[]> {
    const records: MessageRecord[] = [];
    const from = this.starts.get(topic) ?? 0;
    for (;;) {
      const pulled = await this.pull(topic, from + records.length);
      if (pulled.length === 0) return records;
      records.push(...pulled);
    }
  }

  /** Nothing of a topic that is not there yet. */
  private async pull(topic: string, queueOffset: number): Promise<MessageRecord[]> {
    const { code, body } = await this.reader.ask(pullMessage, {
      consumerGroup: 'torture-readers',
      topic,
      queueId: 0,
      queueOffset,
      maxMsgNums: 32,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    });
    return code === 0 ? decodeRecords(Buffer.from(body)) : [];
  }

  /** How often consumers got it. */
  async deliveries({ topic, uniqueKey }: SentHalf): Promise<number> {
    const records = await this.read(topic);
    return records.filter(({ properties }) => parseProperties(properties).get('UNIQ_KEY') === uniqueKey)
      .length;
  }

  /** How often consumers got what is to be delivered, once it had the time to come again. */
  async delivered(half: SentHalf, intervals = 2): Promise<number> {
    await this.happens(async () => (await this.deliveries(half)) > 0, this.patienceMs(1));
    await this.rest(intervals);
    return this.deliveries(half);
  }

  /** The offset message id of its copy among those that are given up. */
  async parkedCopy({ uniqueKey }: SentHalf): Promise<string | undefined> {
    const copy = (await this.read(PARKED_TOPIC)).find(
      ({ properties }) => parseProperties(properties).get('UNIQ_KEY') === uniqueKey,
    );
    return copy && encodeOffsetMessageId(copy.storeHost, copy.physicalOffset);
  }

  /** Where the log ends, by the place of a small message. */
  async logEnd(): Promise<number> {
    const { msgId } = await this.reader.send((await this.topic()) ?? '', 'end');
    return Number.parseInt(msgId.slice(-16), 16);
  }

  get wire(): WireClient {
    return this.reader;
  }

  /** @returns whether it came in time */
  async happens(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
    return until('it happens', condition, limitMs).then(
      () => true,
      () => false,
    );
  }

  /** Everything that was said is done by then, and checks that were under way have come. */
  rest(intervals = 2): Promise<void> {
    return passed(300 + intervals * this.options.intervalMs);
  }

  /** Longest time from being prepared to the check with this number, with waits that double, and a round late. */
  patienceMs(checks: number): number {
    const { timeoutMs, intervalMs } = this.options;
    return timeoutMs + (2 ** checks + 5) * intervalMs + LATE_MS;
  }

  /** The broker was ended and started again. */
  async back(): Promise<void> {
    await this.reader.close();
    this.reader = new WireClient(this.address);
    await until('the broker is back', async () => (await this.reader.settle(), true), START_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.beating);
    for (const producer of this.producers) await producer.close();
    await this.reader.close();
  }
}

/** Of the first primary. Apache writes map keys that are numbers without quotes. */
function addressOf(clusterInfo: string): string | undefined {
  return /"brokerAddrs":\{"?0"?:"([^"]+)"/.exec(clusterInfo)?.[1];
}
