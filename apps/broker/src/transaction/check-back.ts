import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { StoreError, type HalfMessage, type MessageStore, type NewMessage } from '@halfmq/store';
import { channels } from '../channels.js';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { ProducerChannel } from '../directory/producers.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';
import { sleepMs } from '../sleep.js';
import type { Ask, NotAsked } from './ask.js';
import type { CheckHistory } from './check-history.js';
import type { CheckByUrl } from './check-by-url.js';
import { parkedCopy, readHalf } from './half-record.js';
import { Unanswered } from './unanswered.js';
import type { Waits } from './waits.js';

/** What may be asked at once: the answers cost the producers' databases something, and each question holds a message. */
const ROUND_MS = 100;
const CHECKS_A_ROUND = 100;
const BYTES_A_ROUND = 4 * 1024 * 1024;
/** Looked at in one turn of the event loop; most of those whose producers are away cost no check. */
const EXAMINED_A_ROUND = 1_000;

/**
 * Asks producers about half messages nobody has decided. What one half message goes through:
 *
 *   pending, due ── a producer that can answer is there ── asked: counted, due again after its back-off
 *                ── nobody can answer ─────────────────── unanswered: not counted, due again after an interval (the
 *                                                         longest back-off while no producer of its group is there at
 *                                                         all), or at once when a producer that can appears
 *                ── asked transactionCheckMax times ───── parked: shown in TRANS_CHECK_MAX_TIME_TOPIC, asked no more
 *                ── its record is damaged ─────────────── looked at again after the longest back-off, never counted;
 *                                                         it belongs to no other any more
 *   parked ────── resumed by an operator ──────────────── pending, counted from 0
 *   any ───────── a verdict ───────────────────────────── decided, for ever
 *
 * Which are due is a range read of the ledger; nothing is written while they wait. A count is only as good as the
 * ledger's: after a kill it may be a second old. The half messages of one transaction go this way together: the ledger
 * gives the oldest of them, whose question, count and answer are all of theirs.
 */
export class CheckBack {
  private readonly unanswered = new Unanswered();
  /** groups of which a producer was heard while some of theirs were unanswered */
  private readonly heard = new Set<string>();
  /** groups without any producer, as this round found; a million half messages may wait for one of them */
  private readonly absent = new Set<string>();
  /** group → topic → who can answer, as this round found: looked for among all producers of the group, and by many halves */
  private readonly answering = new Map<string, Map<string, readonly ProducerChannel[]>>();
  private readonly listening: (() => void)[] = [];
  private cancel: Cancel = () => undefined;
  private wakeAt = Infinity;
  private earliest = 0;
  private checksLeft = 0;
  private bytesLeft = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: Pick<MessageStore, 'halves' | 'recordAt' | 'onArrival'>,
    private readonly clients: Pick<Clients, 'onProducer'>,
    private readonly topics: Pick<Topics, 'ensureParked'>,
    private readonly ask: Ask,
    private readonly history: CheckHistory,
    private readonly byUrl: CheckByUrl,
    private readonly waits: Waits,
    private readonly config: Pick<BrokerConfig, 'transactionCheckMax'>,
  ) {}

  start(): void {
    this.byUrl.onDue(() => this.wakeForNext());
    this.listening.push(
      this.store.onArrival(({ topic }) => {
        if (topic === SystemTopic.HALF) this.wakeForNext();
      }),
      this.clients.onProducer((group) => this.producerHeard(group)),
    );
    this.wakeForNext();
  }

  stop(): void {
    for (const stop of this.listening.splice(0)) stop();
    this.cancel();
  }

  /** Looks at once, as far as the budget allows: something became due. */
  wake(): void {
    this.wakeIn(0);
  }

  private producerHeard(group: string): void {
    if (!this.unanswered.has(group)) return;
    this.heard.add(group);
    this.wakeIn(0);
  }

  private wakeForNext(): void {
    const due = this.store.halves.nextDueAt();
    if (due !== undefined) this.wakeIn(due - this.clock.now());
  }

  private wakeIn(ms: number): void {
    if (this.listening.length === 0) return;
    const now = this.clock.monotonic();
    const at = Math.max(now + sleepMs(ms), this.earliest);
    if (at >= this.wakeAt) return;
    this.cancel();
    this.wakeAt = at;
    this.cancel = this.clock.after(at - now, () => this.round());
  }

  private round(): void {
    this.wakeAt = Infinity;
    this.earliest = this.clock.monotonic() + ROUND_MS;
    this.checksLeft = CHECKS_A_ROUND;
    this.bytesLeft = BYTES_A_ROUND;
    this.absent.clear();
    for (const group of this.heard) this.answerable(group);
    for (const half of this.store.halves.due(this.clock.now(), EXAMINED_A_ROUND)) {
      if (!this.mayAsk) break;
      this.examine(half);
    }
    this.answering.clear();
    if (this.heard.size > 0) this.wakeIn(0);
    this.wakeForNext();
  }

  private get mayAsk(): boolean {
    return this.checksLeft > 0 && this.bytesLeft > 0;
  }

  /** A producer of the group is back: those it can answer for are asked before their time. */
  private answerable(group: string): void {
    for (const [topic, from] of this.unanswered.topicsOf(group)) {
      if (this.whoCanAnswer(group, topic).length === 0) continue;
      if (!this.askThoseOf(group, topic, from)) return;
    }
    this.heard.delete(group);
  }

  /** @returns whether all of them were looked at, as far as the budget allows more */
  private askThoseOf(producerGroup: string, topic: string, from: number): boolean {
    const limit = this.checksLeft;
    const { halves, next } = this.store.halves.unasked({ producerGroup, topic, limit, from });
    this.unanswered.passed(producerGroup, topic, next);
    for (const half of halves) {
      if (this.mayAsk) this.examine(half);
      else this.unanswered.add(producerGroup, topic, half.halfOffset);
    }
    return next === undefined && this.mayAsk;
  }

  private examine(half: HalfMessage): void {
    try {
      this.askOrPark(half);
    } catch (error) {
      // whatever is wrong with this one, the others must not suffer from it, nor the process
      this.unreadable(half, error);
    }
  }

  private askOrPark(half: HalfMessage): void {
    if (half.checks >= this.config.transactionCheckMax) return this.park(half);
    if (half.byUrl) return this.askByUrl(half);
    if (this.absent.has(half.producerGroup) || !this.ask.knowsProducer(half.producerGroup)) {
      this.absent.add(half.producerGroup);
      return this.notAsked(half, this.waits.longest);
    }
    const producers = this.whoCanAnswer(half.producerGroup, half.topic);
    if (this.put(half, producers) === 'nobody') this.notAsked(half, this.waits.shortly);
  }

  private whoCanAnswer(group: string, topic: string): readonly ProducerChannel[] {
    let topics = this.answering.get(group);
    if (!topics) this.answering.set(group, (topics = new Map<string, readonly ProducerChannel[]>()));
    let found = topics.get(topic);
    if (!found) topics.set(topic, (found = this.ask.whoCanAnswer(group, topic)));
    return found;
  }

  private notAsked({ producerGroup, topic, halfOffset }: HalfMessage, nextCheckAt: number): void {
    this.unanswered.add(producerGroup, topic, halfOffset);
    this.store.halves.postpone(halfOffset, nextCheckAt, 'unasked');
  }

  private askByUrl(half: HalfMessage): void {
    const bytes = this.byUrl.ask(half);
    if (bytes === 'unreadable') this.unreadable(half);
    else if (bytes > 0) this.spend(bytes);
  }

  /**
   * By an operator, whatever its time and the budget: asked now, and counted.
   * @param halfOffset of one that is pending
   */
  askNow(halfOffset: number): 'asked' | NotAsked {
    for (const half of this.store.halves.together(halfOffset)) {
      const asked = half.state === 'pending' ? this.put(half) : 'unreadable';
      if (asked !== 'unreadable') return asked;
    }
    return 'unreadable';
  }

  private put(half: HalfMessage, producers?: readonly ProducerChannel[]): 'asked' | NotAsked {
    const asked = this.ask.ask(half, producers);
    if (asked === 'unreadable') this.unreadable(half);
    if (asked === 'unreadable' || asked === 'nobody') return asked;
    this.spend(asked.bytes);
    this.history.asked(half, asked.whom);
    if (channels.asked.hasSubscribers) channels.asked.publish({ store: this.store, half });
    this.store.halves.checked(half.halfOffset, this.waits.afterCheck(half));
    return 'asked';
  }

  private spend(bytes: number): void {
    this.checksLeft--;
    this.bytesLeft -= bytes;
  }

  private park(half: HalfMessage): void {
    if (!readHalf(this.store, half)) {
      this.unreadable(half);
      return;
    }
    try {
      this.topics.ensureParked();
      this.store.halves.park(
        half.halfOffset,
        (each) => this.copyOf(each),
        (error) => {
          if (error) this.log.warn('a half message could not be parked', { reason: error.message });
          else this.parked(half);
        },
      );
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.store.halves.postpone(half.halfOffset, this.waits.shortly);
    }
  }

  private parked(half: HalfMessage): void {
    this.history.parked(half);
    this.log.warn('a half message is parked: still undecided, not asked about any more', facts(half));
  }

  private copyOf(half: HalfMessage): NewMessage | undefined {
    const record = readHalf(this.store, half);
    if (!record) return undefined;
    this.spend(record.record.size);
    return parkedCopy(record, half);
  }

  private unreadable(half: HalfMessage, error?: unknown): void {
    this.log.error('a half message cannot be read and is not asked about', { ...facts(half), error });
    this.store.halves.setApart(half.halfOffset, this.waits.longest);
  }
}

function facts(half: HalfMessage): object {
  const { halfOffset, topic, producerGroup, uniqueKey, checks } = half;
  return { halfOffset, topic, producerGroup, uniqueKey, checks };
}
