import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadLetterTopicOf, startBroker, type RunningBroker } from '@halfmq/broker';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { HalfmqClient, parseDuration, topicOf, type ClientOptions } from '@halfmq/transaction';
import type { Clock, Duration, Log, TopicOrName } from '@halfmq/transaction';
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
}

/** A half message that nobody has decided. */
export interface InDoubt {
  /** the one it is for */
  readonly topic: string;
  /** of its producer */
  readonly group: string;
  readonly messageId: string;
  /** parked: not asked about any more */
  readonly state: 'pending' | 'parked';
  /** how often somebody was asked */
  readonly checks: number;
  /** ms since 1970 on the broker's clock */
  readonly nextCheckAt: number;
}

const START_AT = Date.UTC(2026, 0, 1);
const PULL_HOLD_MS = 600_000;
const HERE = '127.0.0.1';
const SETTINGS = {
  brokerName: 'test-broker',
  brokerIP1: HERE,
  bindAddress: HERE,
  listenPort: '0',
  httpPort: '0',
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
  private readonly clients: HalfmqClient[] = [];
  private readonly happened: Timeline;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly virtualClock: VirtualClock,
    private readonly quiet: Quiet,
    private readonly namesrv: RunningNamesrv,
    private readonly broker: RunningBroker,
    /** its store */
    readonly folder: string,
  ) {
    this.happened = new Timeline(virtualClock, broker.store, broker.port);
  }

  static async start({ settings, startAt = START_AT, log }: TestBrokerOptions): Promise<TestBroker> {
    const quiet = new Quiet();
    const clock = new VirtualClock(Number(startAt), () => quiet.reached());
    const undo: (() => unknown)[] = [() => quiet.stop()];
    try {
      const folder = await mkdtemp(join(tmpdir(), 'halfmq-test-broker-'));
      undo.push(() => rm(folder, { recursive: true, force: true }));
      const namesrv = await startNamesrv({ port: 0, properties: { bindAddress: HERE }, clock, log });
      undo.push(() => namesrv.close());
      const own = { storePathRootDir: folder, namesrvAddr: namesrv.address };
      const broker = await startBroker({ properties: { ...SETTINGS, ...own, ...settings }, clock, log });
      quiet.sockets.watch(namesrv.port);
      quiet.sockets.watch(broker.port);
      return new TestBroker(clock, quiet, namesrv, broker, folder);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  /**
   * For HalfmqModule.forRoot and HalfmqClient: where the name server is, and the time to live in. Pulls wait long, so that
   * days have fewer of them.
   */
  get clientOptions(): Required<Pick<ClientOptions, 'nameServers' | 'clock' | 'pullHoldMs'>> {
    return { nameServers: this.nameServers, clock: this.clock, pullHoldMs: PULL_HOLD_MS };
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
    const client = new HalfmqClient({ ...this.clientOptions, ...more });
    this.clients.push(client);
    await client.start();
    return client;
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
    return halves.map(({ topic, producerGroup: group, uniqueKey: messageId, state, checks, nextCheckAt }) => {
      return { topic, group, messageId, state, checks, nextCheckAt };
    });
  }

  /** What happened so far, in order; as text, one line each. */
  timeline(): string {
    return this.happened.toString();
  }

  get events(): readonly TimelineEntry[] {
    return this.happened.entries;
  }

  /** Ends all of it, and removes the store. From then on time passes by itself: what is closed later can still end. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async end(): Promise<void> {
    this.virtualClock.free();
    for (const client of this.clients.splice(0)) await client.close();
    await this.broker.close();
    await this.namesrv.close();
    this.happened.stop();
    this.quiet.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
