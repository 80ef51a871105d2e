import {
  encodeOffsetMessageId,
  endTransaction,
  getProducerConnectionList,
  PullSysFlag,
  resumeCheckHalfMessage,
  SysFlag,
  type EndTransactionHeader,
  type MessageRecord,
} from '@halfmq/remoting';
import type { HalfMessage, Verdict } from '@halfmq/store';
import { freePort } from '../kit/ports.js';
import { TimedBroker } from '../kit/timed-broker.js';
import type { Pulled, ReceivedCheck, SentHalf, WireClient } from '../kit/wire-client.js';
import type { Kind } from './ledger-model.js';

export const GROUP_OF_PRODUCER = ['shop', 'shop', 'shop', 'bank'] as const;
export const TOPICS = ['orders', 'bills', 'later'] as const;
export const OPERATOR = 'Grace';
export const PARKED_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC';

/** Seconds instead of minutes: as many things happen while the clock is moved half as far. */
export const CHECKS = 3;
export const IMMUNITY_MS = 1_000;
export const INTERVAL_MS = 1_000;
const NEVER_IDLE_S = '1000000';

const AT_ONCE = { sysFlag: PullSysFlag.SUBSCRIPTION, suspendTimeoutMillis: 0 };

const SETTINGS = {
  transactionCheckMax: String(CHECKS),
  transactionTimeOut: String(IMMUNITY_MS),
  transactionCheckInterval: String(INTERVAL_MS),
  serverChannelMaxIdleTimeSeconds: NEVER_IDLE_S,
  flushIntervalCommitLog: '5000',
};

export interface PreparedHalf {
  readonly topic: string;
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface EndAnswer {
  readonly code: number;
  readonly remark: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface OperatorAnswer {
  readonly status: number;
  readonly told: Readonly<Record<string, string>>;
}

export interface Asked {
  readonly producer: number;
  readonly check: ReceivedCheck;
}

/** A verdict that was under way when the broker was killed. */
export interface Flying {
  readonly half: SentHalf;
  readonly commitOrRollback: number;
}

/** A real broker, on a real store and real sockets, its clock and its producers in the hands of the scenario. */
export class BrokerUnderTest {
  private readonly producers: (WireClient | undefined)[] = GROUP_OF_PRODUCER.map(() => undefined);
  private readonly declared: (readonly string[] | undefined)[] = [];
  private readonly taken = new WeakMap<WireClient, number>();
  private reader: WireClient;

  constructor(protected broker: TimedBroker) {
    this.reader = broker.client();
  }

  /** @param http with a door for operators, which takes its time to open */
  static async start<T extends BrokerUnderTest>(
    this: new (broker: TimedBroker) => T,
    http = false,
  ): Promise<T> {
    const httpPort = http ? String(await freePort()) : '0';
    return new this(await TimedBroker.start({ ...SETTINGS, httpPort }));
  }

  get now(): number {
    return this.broker.clock.now();
  }

  isConnected(producer: number): boolean {
    return this.producers[producer] !== undefined;
  }

  /** A producer that says what it answers for, or nothing of it. */
  async connect(producer: number, topics: readonly string[] | undefined): Promise<void> {
    this.declared[producer] = topics;
    await this.clientOf(producer).producer(GROUP_OF_PRODUCER[producer] ?? '', topics);
  }

  /** It is gone, and the broker knows. */
  async disconnect(producer: number): Promise<void> {
    const client = this.producers[producer];
    this.producers[producer] = undefined;
    this.declared[producer] = undefined;
    await client?.close();
    const group = GROUP_OF_PRODUCER[producer] ?? '';
    const left = GROUP_OF_PRODUCER.filter((name, at) => name === group && this.isConnected(at)).length;
    while ((await this.connectionsOf(group)) > left);
  }

  private async connectionsOf(group: string): Promise<number> {
    const { code, body } = await this.reader.ask(getProducerConnectionList, { producerGroup: group });
    if (code !== 0) return 0;
    const { connectionSet } = JSON.parse(body.toString()) as { connectionSet: unknown[] };
    return connectionSet.length;
  }

  private clientOf(producer: number): WireClient {
    return (this.producers[producer] ??= this.broker.client());
  }

  /** An ordinary message. */
  protected async send({ topic, body }: PreparedHalf): Promise<void> {
    await this.reader.send(topic, body);
  }

  prepare(producer: number, { topic, body, properties }: PreparedHalf): Promise<SentHalf> {
    return this.clientOf(producer).half(GROUP_OF_PRODUCER[producer] ?? '', topic, body, { ...properties });
  }

  /** @param by the connection it comes over, when that producer has one */
  async end(by: number, header: EndTransactionHeader): Promise<EndAnswer> {
    const { code, remark, extFields } = await this.over(by).ask(endTransaction, header);
    return { code, remark: remark ?? '', fields: extFields ?? {} };
  }

  /** Resolves when the broker has heard it. */
  async sayEnd(by: number, header: EndTransactionHeader): Promise<void> {
    const client = this.over(by);
    await client.say(endTransaction, header);
    await client.settle();
  }

  private over(producer: number): WireClient {
    return this.producers[producer] ?? this.reader;
  }

  protected parkedCopy(nth: number): Promise<Pulled> {
    return this.reader.pull(PARKED_TOPIC, nth, { ...AT_ONCE, maxMsgNums: 1 });
  }

  /** @returns its code. @param copy of a parked half message, in its topic */
  async resume(copy: number): Promise<number> {
    const { records } = await this.parkedCopy(copy);
    const msgId = records[0] && encodeOffsetMessageId(records[0].storeHost, records[0].physicalOffset);
    return (await this.reader.ask(resumeCheckHalfMessage, { msgId })).code;
  }

  /** An operator's verdict; undefined: there is no door for operators. @returns what is said over HTTP */
  async operate(uniqueKey: string, kind: Kind): Promise<OperatorAnswer | undefined> {
    const { httpPort } = this.broker;
    if (httpPort === undefined) return undefined;
    const url = `http://127.0.0.1:${httpPort}/v1/transactions/${uniqueKey}/${kind}`;
    const headers = {
      'content-type': 'application/json',
      'x-halfmq-operator': OPERATOR,
      connection: 'close',
    };
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: '{"reason":"it must be one of the two"}',
    });
    return { status: answer.status, told: (await answer.json()) as Record<string, string> };
  }

  /** Every producer is heard, then time passes. @returns what was asked meanwhile */
  async advance(ms: number): Promise<Asked[]> {
    const clients = [...this.producers.entries()].flatMap(([at, client]) => (client ? [{ at, client }] : []));
    await Promise.all(clients.map(({ client }) => client.beat()));
    await this.broker.clock.advance(ms);
    await Promise.all([this.reader, ...clients.map(({ client }) => client)].map((client) => client.settle()));
    return clients.flatMap(({ at, client }) => {
      const fresh = client.checks.slice(this.taken.get(client) ?? 0);
      this.taken.set(client, client.checks.length);
      return fresh.map((check) => ({ producer: at, check }));
    });
  }

  setClock(byMs: number): void {
    this.broker.clock.setWallClock(this.now + byMs);
  }

  /** In good order. */
  async restart(meanwhile?: (folder: string) => Promise<void>): Promise<void> {
    await this.broker.restart(meanwhile);
    await this.comeBack();
  }

  /**
   * Killed while these verdicts are under way, after so many turns of the event loop. They go over one connection: between
   * two there is no order, and consumers see commits in the order in which they were heard.
   * @returns the codes of those answered before
   */
  async kill(flying: readonly Flying[], turns: number): Promise<(number | undefined)[]> {
    const codes: (number | undefined)[] = flying.map(() => undefined);
    let dead = false;
    const client = this.over(0);
    const asked = flying.map(async ({ half, commitOrRollback }, at) => {
      const { code } = await client.ask(endTransaction, client.verdict(half, commitOrRollback));
      if (!dead) codes[at] = code;
    });
    const ended = Promise.allSettled(asked);
    for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    this.broker = await this.broker.killed(() => (dead = true));
    await ended;
    await this.comeBack();
    return codes;
  }

  /** The same producers on new connections: what they sent on the old ones is not known of them any more. */
  private async comeBack(): Promise<void> {
    this.reader = this.broker.client();
    for (const [at, client] of this.producers.entries()) {
      if (!client) continue;
      this.producers[at] = this.broker.client();
      await this.connect(at, this.declared[at]);
    }
  }

  /** From this offset on, as a consumer pulls. */
  async read(topic: string, from: number): Promise<MessageRecord[]> {
    const read: MessageRecord[] = [];
    for (;;) {
      const { records } = await this.reader.pull(topic, from + read.length, AT_ONCE);
      if (records.length === 0) return read;
      read.push(...records);
    }
  }

  /** What the ledger says. */
  undecided(): HalfMessage[] {
    return this.broker.store.halves.undecided(Infinity);
  }

  verdictOn(halfOffset: number): Verdict | undefined {
    return this.broker.store.halves.find(halfOffset)?.verdict;
  }

  verdict(half: SentHalf, commitOrRollback: number, more: object = {}): EndTransactionHeader {
    return this.reader.verdict(half, commitOrRollback, more);
  }

  close(): Promise<void> {
    return this.broker.close();
  }
}

export const FLAG = { commit: SysFlag.TRANSACTION_COMMIT, rollback: SysFlag.TRANSACTION_ROLLBACK } as const;
