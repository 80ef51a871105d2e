import type { Clock } from '@halfmq/remoting';
import type { MessageStore, ReadResult } from '@halfmq/store';
import type { BrokerConfig } from '../../config/resolve-config.js';
import type { Topics } from '../../directory/topics.js';
import { popRetryTopicOf } from '../../directory/topic-names.js';
import type { MessageFilter } from '../filters.js';
import type { Offsets } from '../offsets.js';
import type { Resets } from '../resets.js';
import { allOpen } from './lease-book.js';
import type { PopMemory } from './pop-memory.js';
import { queueTurns } from './queue-turns.js';
import { Turn, type Popped } from './pop-turn.js';
import { receiptOf } from './receipts.js';

/** What somebody wants of a topic, whatever door he has come in by. */
export interface PopRequest {
  readonly group: string;
  readonly topic: string;
  /** -1: any */
  readonly queueId: number;
  /** messages, 1 to 32 */
  readonly most: number;
  /** how long nobody else gets them */
  readonly invisibleMs: number;
  /** each queue's messages one after the other: nothing more of it while one is out */
  readonly ordered: boolean;
  /** where a group begins that has read nothing of a queue */
  readonly from: 'first' | 'last';
  readonly filter: MessageFilter;
  /** ordered: the same for a request that is repeated because its answer was lost */
  readonly attemptId?: string | undefined;
}

type Reader = Pick<PopRequest, 'group' | 'from'>;

/** A queue that is looked into. */
export interface Source {
  readonly topic: string;
  readonly queueId: number;
  readonly isRetry: boolean;
}

/** Looks through a queue of which nothing is wanted, each at most 800 messages long. */
const MOST_LOOKS = 16;

/**
 * Hands messages out, to whoever asks, without queues being assigned to anybody. What is handed out is a lease: the group's
 * offset moves behind it at once, and it comes again by its retry topic unless it is done in time. Ordered: the offset
 * moves when it is done, and it comes again from its queue.
 */
export class Pop {
  constructor(
    private readonly config: Pick<
      BrokerConfig,
      'brokerName' | 'maxTransferBytesOnMessageInMemory' | 'popFromRetryProbability'
    >,
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'read' | 'offsets' | 'minOffset' | 'maxOffset'>,
    private readonly topics: Topics,
    private readonly offsets: Offsets,
    private readonly resets: Resets,
    private readonly memory: PopMemory,
  ) {}

  /** What there is now; nothing is waited for. */
  now(request: PopRequest): Popped {
    const turn = this.begin(request);
    for (const source of this.sources(request)) {
      if (turn.isFull) turn.rest += this.behind(source, this.position(request, source));
      else if (request.ordered) this.takeInOrder(request, source, turn);
      else this.take(request, source, turn);
    }
    return turn;
  }

  begin({ most }: Pick<PopRequest, 'most'>): Turn {
    return new Turn(this.clock.now(), most, this.config.maxTransferBytesOnMessageInMemory);
  }

  /** Would a pop find something? Nothing is handed out. */
  finds(request: PopRequest): boolean {
    return this.sources(request).some(
      (source) =>
        this.left(request, source) > 0 &&
        (!request.ordered ||
          this.memory.ordered.blockedUntil(place(request, source), this.clock.now(), request.attemptId) ===
            undefined),
    );
  }

  /** Messages of a topic that a group has not been given yet; and those that are out, or wait to come again. */
  backlog(group: string, topic: string): { readonly waiting: number; readonly out: number } {
    const retry = popRetryTopicOf(group, topic);
    const sources = this.sources({ group, topic, queueId: -1, ordered: false });
    const waiting = sources.reduce((sum, source) => sum + this.left({ group, from: 'first' }, source), 0);
    return { waiting, out: this.memory.held(group, topic) + this.memory.held(group, retry) };
  }

  /** The queues a pop looks into, in turn: what failed before comes first now and then, so that neither starves the other. */
  private sources({
    group,
    topic,
    queueId,
    ordered,
  }: Pick<PopRequest, 'group' | 'topic' | 'queueId' | 'ordered'>): Source[] {
    const { queueIds, byPriority } = queueTurns(this.topics.find(topic), { queueId, ordered });
    const own = queueIds.map((id) => ({ topic, queueId: id, isRetry: false }));
    const retry = popRetryTopicOf(group, topic);
    const again = this.topics.find(retry);
    if (ordered || !again) return own;
    const retries = Array.from({ length: again.readQueueNums }, (_, id) => ({
      topic: retry,
      queueId: id,
      isRetry: true,
    }));
    const retryFirst = !byPriority && Math.random() * 100 < this.config.popFromRetryProbability;
    return retryFirst ? [...retries, ...own] : [...own, ...retries];
  }

  private take(request: PopRequest, source: Source, turn: Turn): void {
    const { group, invisibleMs } = request;
    const { topic, queueId } = source;
    const found = this.look(request, source, turn, this.position(request, source));
    if (!found) return;
    const offsets = turn.add(found);
    const { popTime } = turn;
    this.memory.leases.give({
      group,
      topic,
      queueId,
      popTime,
      storedBy: turn.storedBy,
      invisibleMs,
      offsets,
      open: allOpen(offsets.length),
    });
    turn.receipts(offsets, (queueOffset) =>
      receiptOf(this.config.brokerName, request, source, { start: offsets[0] ?? 0, popTime, queueOffset }),
    );
    this.store.offsets.commit(group, topic, queueId, found.nextOffset);
  }

  takeInOrder(request: PopRequest, source: Source, turn: Turn): void {
    const { attemptId, invisibleMs } = request;
    const { popTime } = turn;
    const at = place(request, source);
    const blockedUntil = this.memory.ordered.blockedUntil(at, popTime, attemptId);
    if (blockedUntil !== undefined) return turn.blocked(blockedUntil);
    const found = this.look(request, source, turn, this.position(request, source));
    if (!found) return;
    const offsets = turn.add(found, (offset) => !this.memory.ordered.isDone(at, offset));
    if (offsets.length === 0) return;
    const given = { offsets, next: found.nextOffset, popTime, invisibleMs, attemptId };
    const counts = this.memory.ordered.give(at, given);
    turn.receipts(
      offsets,
      (queueOffset) =>
        receiptOf(this.config.brokerName, request, source, { start: offsets[0] ?? 0, popTime, queueOffset }),
      counts,
    );
  }

  /** Goes on where nothing is wanted, for a while; the group's offset goes along. */
  private look(
    request: PopRequest,
    source: Source,
    turn: Turn,
    from: number,
  ): (ReadResult & { status: 'FOUND' }) | undefined {
    const { group, filter } = request;
    const { topic, queueId, isRetry } = source;
    // what came back was wanted before
    const { accepts, judge } = isRetry ? { accepts: undefined, judge: undefined } : filter;
    let offset = from;
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const limits = { maxMessages: turn.room, maxBytes: turn.bytes, accepts, judge };
      const found = this.store.read(topic, queueId, offset, limits);
      turn.rest += Math.max(0, found.maxOffset - found.nextOffset);
      if (isFound(found)) return found;
      found.giveBack();
      if (found.status !== 'NO_MATCHED_MESSAGE') return undefined;
      turn.rest -= Math.max(0, found.maxOffset - found.nextOffset);
      offset = found.nextOffset;
      this.store.offsets.commit(group, topic, queueId, offset);
      if (offset >= found.maxOffset) return undefined;
    }
    turn.unread = true;
    return undefined;
  }

  /** Where the group goes on, from now on also where it has read nothing yet. */
  private position(reader: Reader, source: Source): number {
    const { group } = reader;
    const { topic, queueId } = source;
    // an operator's offset counts already; who pops commits nothing that could go over it
    if (!this.resets.none) this.resets.told(group, topic, queueId);
    const { offsets } = this.store;
    const position = this.standing(reader, source);
    if (offsets.query(group, topic, queueId) === undefined) offsets.commit(group, topic, queueId, position);
    return position;
  }

  /** Never before the oldest message, never behind the end. */
  private standing({ group, from }: Reader, { topic, queueId, isRetry }: Source): number {
    const { store } = this;
    const [min, max] = [store.minOffset(topic, queueId), store.maxOffset(topic, queueId)];
    const stored = store.offsets.query(group, topic, queueId);
    if (stored !== undefined) return stored > max ? max : Math.max(stored, min);
    const first = isRetry || from === 'first' || this.offsets.isYoung({ topic, queueId });
    return first ? min : Math.max(max - 1, 0);
  }

  /** For who only looks. */
  private left(request: Reader, source: Source): number {
    return this.behind(source, this.standing(request, source));
  }

  private behind({ topic, queueId }: Source, position: number): number {
    return this.store.maxOffset(topic, queueId) - position;
  }
}

const isFound = (found: ReadResult): found is ReadResult & { status: 'FOUND' } => found.status === 'FOUND';

const place = ({ group }: PopRequest, { topic, queueId }: Source) => ({ group, topic, queueId });
