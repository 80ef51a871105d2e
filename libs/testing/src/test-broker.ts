import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadLetterTopicOf, groupOfRetryTopic, startBroker, type RunningBroker } from '@halfmq/broker';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { HalfmqClient, InvalidOption, parseDuration, topicOf, type ClientOptions } from '@halfmq/transaction';
import type { Clock, Duration, Log, TopicOrName } from '@halfmq/transaction';
import { Hostility, type HostileOptions } from './hostility.js';
import { deliveredMessage, recordsOf, type DeliveredMessage } from './message.js';
import { Quiet } from './quiet.js';
import { Timeline, type TimelineEntry } from './timeline.js';
import { VirtualClock } from './virtual-clock.js';

export interface TestBrokerOptions {
  /** the broker's settings, by RocketMQ's names, over those of a test */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** the time it begins at; 2026-01-01 (UTC) unless told */
  readonly startAt?: Date | number | undefined;
  /** what the broker says; nothing is printed unless told */
  readonly log?: Log | undefined;
  /** each message late, twice and in an order of its own (see HostileOptions); false: as it comes, once */
  readonly hostile?: boolean | HostileOptions | undefined;
}

/** What ends with the broker: an application, a data source. Closed before, it is closed once more. */
export interface Closable {
  close(): unknown;
}

/** A half message that nobody has decided. */
export interface InDoubt {
  /** the one it is for */
  readonly topic: string;
  /** of its producer */
  readonly group: string;
  readonly messageId: string;
  /** of Transactions.run and of REST; what has the same is decided at once */
  readonly transactionId: string | undefined;
  /** parked: not asked about any more */
  readonly state: 'pending' | 'parked';
  /** how often somebody was asked */
  readonly checks: number;
  /** ms since 1970 on the broker's clock */
  readonly nextCheckAt: number;
}

const START_AT = Date.UTC(2026, 0, 1);
const PULL_HOLD_MS = 86_400_000;
const HERE = '127.0.0.1';
const SETTINGS = {
  brokerName: 'test-broker',
  brokerIP1: HERE,
  bindAddress: HERE,
  listenPort: '0',
  httpPort: '0',
  grpcServerPort: '0',
  // a test moves on for months, and wants to see what it sent
  fileReservedTime: String(365 * 24),
};

/**
 * Starts a name server and a broker in this process: the real ones, on real sockets (free ports of 127.0.0.1), with a
 * store in a temporary folder, and a clock that only the test moves.
 */
export function createTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return TestBroker.start(options);
}

/** A broker inside a test, see createTestBroker. */
export class TestBroker {
  /** hear of every broker that was started */
  static readonly listeners = new Set<(broker: TestBroker) => void>();

  private readonly parts: Closable[] = [];
  private readonly happened: Timeline;
  private closing: Promise<void> | undefined;
  private isStopped = false;
  /** topics, and connections that came or went, as of the last look */
  private seen = '';

  private constructor(
    private readonly virtualClock: VirtualClock,
    private readonly quiet: Quiet,
    private readonly hostility: Hostility,
    private readonly namesrv: RunningNamesrv,
    private readonly broker: RunningBroker,
    /** its store */
    readonly folder: string,
  ) {
    this.happened = new Timeline(virtualClock, broker.store, broker.port, hostility);
    for (const listener of TestBroker.listeners) listener(this);
  }

  /** @param store a folder to begin with, which is then this broker's: what another one has left */
  static async start(options: TestBrokerOptions, store?: string): Promise<TestBroker> {
    const { settings, startAt = START_AT, log } = options;
    if (!Number.isFinite(Number(startAt)))
      throw new InvalidOption(`startAt: a time expected, got ${String(startAt)}`);
    const hostility = new Hostility(options.hostile);
    const quiet = new Quiet();
    const started: { broker?: TestBroker } = {};
    const rest = async (): Promise<boolean> => started.broker?.rest() ?? false;
    const clock = new VirtualClock(Number(startAt), rest);
    const undo: (() => unknown)[] = [() => quiet.stop()];
    try {
      const folder = store ?? (await mkdtemp(join(tmpdir(), 'halfmq-test-broker-')));
      undo.push(() => rm(folder, { recursive: true, force: true }));
      const namesrv = await startNamesrv({ port: 0, properties: { bindAddress: HERE }, clock, log });
      undo.push(() => namesrv.close());
      const own = { storePathRootDir: folder, namesrvAddr: namesrv.address };
      const broker = await startBroker({ properties: { ...SETTINGS, ...own, ...settings }, clock, log });
      quiet.sockets.watch(namesrv.port);
      quiet.sockets.watch(broker.port);
      return (started.broker = new TestBroker(clock, quiet, hostility, namesrv, broker, folder));
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  /**
   * For HalfmqModule.forRoot and HalfmqClient: where the name server is, the time to live in, and hostile delivery. Pulls
   * wait long, so that days have few of them.
   */
  get clientOptions(): Required<Pick<ClientOptions, 'nameServers' | 'clock' | 'pullHoldMs' | 'handOut'>> {
    const { nameServers, clock, hostility } = this;
    return { nameServers, clock, pullHoldMs: PULL_HOLD_MS, handOut: hostility.handOut };
  }

  get isClosed(): boolean {
    return this.closing !== undefined;
  }

  /** `host:port` of the name server. */
  get nameServers(): string {
    return this.namesrv.address;
  }

  /** `host:port` of the broker. */
  get address(): string {
    return this.broker.address;
  }

  /** HTTP door, when `settings` opens one: httpPort. */
  get httpPort(): number | undefined {
    return this.broker.httpPort;
  }

  /** The time the broker lives in, to be shared by every client of this process. */
  get clock(): Clock {
    return this.virtualClock;
  }

  /** A started client that lives in the broker's time; closed with the broker at the latest. */
  async connect(more: Partial<ClientOptions> = {}): Promise<HalfmqClient> {
    const client = this.use(new HalfmqClient({ ...this.clientOptions, ...more }));
    await client.start();
    return client;
  }

  /** Closes it before the broker, however the test ends: `const app = broker.use(await NestFactory.create(AppModule))`. */
  use<T extends Closable>(part: T): T {
    this.parts.push(part);
    return part;
  }

  /**
   * Moves the time on, from one due timer to the next, and settles at each. Other clocks stand where they were: the
   * database's, `Date.now()`, other processes. Not to be awaited inside a handler.
   * @param duration ms, or text like '24h'
   */
  advance(duration: Duration): Promise<void> {
    return this.virtualClock.advance(parseDuration(duration));
  }

  /**
   * Resolves when nothing is under way: no request unanswered (long polls wait for messages, and are parked), no commit,
   * no handler, check or transaction running. One that moves nothing for a second is not waited for: it may wait for the
   * time that only `advance` can give it.
   */
  settle(): Promise<void> {
    return this.virtualClock.advance(0);
  }

  /** Topics that were made so far, dead-letter topics among them; those of retries are left out. */
  get topics(): string[] {
    const names = [...this.broker.store.settings.all('topic').keys()];
    return names.filter((name) => groupOfRetryTopic(name) === undefined).sort();
  }

  /** What consumers can see in a topic, in the order of becoming visible, with all retries of a %RETRY% topic. */
  delivered<T>(topic: TopicOrName<T>): DeliveredMessage<T>[] {
    const { store } = this.broker;
    const { name } = topicOf(topic);
    const settings = store.settings.all('topic').get(name);
    const { readQueueNums } = JSON.parse(settings ?? '{"readQueueNums":0}') as { readQueueNums: number };
    const queues = Array.from({ length: readQueueNums }, (_, queueId) => ({ topic: name, queueId }));
    return queues
      .flatMap((queue) => recordsOf(store, queue, 0, store.maxOffset(name, queue.queueId)))
      .sort((a, b) => a.physicalOffset - b.physicalOffset)
      .map((record) => deliveredMessage(record, topic));
  }

  /** What the group gave up: its dead-letter topic. */
  deadLetters(group: string): DeliveredMessage[] {
    return this.delivered(deadLetterTopicOf(group));
  }

  /** Half messages without a verdict, asked about (pending) or not any more (parked), the oldest first. */
  inDoubt(): InDoubt[] {
    const halves = this.broker.store.halves.undecided(Infinity);
    return halves.map(({ producerGroup: group, uniqueKey: messageId, ...half }) => {
      const { topic, transactionId, state, checks, nextCheckAt } = half;
      return { topic, group, messageId, transactionId, state, checks, nextCheckAt };
    });
  }

  /** What happened so far, in order; as text, one line each. */
  timeline(): string {
    return this.happened.toString();
  }

  get events(): readonly TimelineEntry[] {
    return this.happened.entries;
  }

  /** of the order in which messages are handed out */
  get seed(): number {
    return this.hostility.seed;
  }

  /**
   * For who reads about a test that failed: what happened, and how it happens again.
   * @param before what happened earlier, with a line break at its end
   */
  report(before = ''): string {
    const { seed, isOn } = this.hostility;
    const again = isOn
      ? `\ndelivered in an order of the seed ${seed}: HALFMQ_TEST_SEED=${seed} repeats it`
      : '';
    return `what happened:\n${before}${this.timeline() || 'nothing'}${again}`;
  }

  /** Ends all of it, and removes the store. From then on time passes by itself: what is closed later can still end. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As if the process had died: nothing of it happens by itself any more. `close` frees what it has. */
  stop(): void {
    this.isStopped = true;
    this.virtualClock.stop();
    this.happened.stop();
  }

  /**
   * Resolves when what is under way has ended, what is held back has been let through, and that has ended too.
   * @returns whether topics or connections are other than at the last look
   */
  private async rest(): Promise<boolean> {
    await this.hostility.settle(() => this.quiet.reached());
    const before = this.seen;
    this.seen = `${this.broker.store.settings.all('topic').size} ${this.quiet.sockets.changes}`;
    return this.seen !== before;
  }

  private async end(): Promise<void> {
    this.virtualClock.free();
    this.hostility.end();
    for (const part of this.parts.reverse()) {
      const closing = part.close();
      // one that was killed reaches nobody, and may wait for ever
      if (this.isStopped) void Promise.resolve(closing).catch(() => undefined);
      else await closing;
    }
    await this.broker.close();
    await this.namesrv.close();
    this.happened.stop();
    this.quiet.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
