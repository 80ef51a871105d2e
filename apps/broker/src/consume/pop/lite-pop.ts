import type { Clock } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { LiteReader, LiteSubscriptions } from './lite-subscriptions.js';
import type { PopMemory } from './pop-memory.js';
import type { Popped, Turn } from './pop-turn.js';
import type { Pop, PopRequest } from './pop.js';

/** Where all messages of a lite topic lie. */
const QUEUE = 0;

/**
 * Hands out what lies in the lite topics a client subscribes to, each in order: nothing more of one while something of it is
 * out in the group. Those that were looked at last come last.
 */
export class LitePop {
  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'offsets' | 'maxOffset'>,
    private readonly pop: Pop,
    private readonly memory: PopMemory,
    private readonly subscriptions: LiteSubscriptions,
  ) {}

  /** @param request of the topic; nothing is waited for */
  now(request: PopRequest, clientId: string): Popped {
    const turn = this.pop.begin(request);
    const reader = this.subscriptions.find(clientId);
    if (reader?.group !== request.group || reader.topic !== request.topic) return turn;
    const { attempt, ready } = reader;
    const repeated = attempt !== undefined && attempt.id === request.attemptId ? attempt.names : [];
    const given: string[] = [];
    for (const name of new Set([...repeated, ...ready])) {
      if (turn.isFull) break;
      if (reader.wanted.has(name) && this.take(request, name, turn)) given.push(name);
      ready.delete(name);
      if (this.hasMore(request, name, turn)) ready.add(name);
    }
    this.note(reader, request, given);
    return turn;
  }

  /** @returns whether something of it was handed out */
  private take(request: PopRequest, name: string, turn: Turn): boolean {
    const before = turn.messages.length;
    const place = { group: request.group, topic: name, queueId: QUEUE };
    if (this.memory.ordered.blockedUntil(place, this.clock.now(), request.attemptId) === undefined)
      this.pop.takeInOrder(request, { topic: name, queueId: QUEUE, isRetry: false }, turn);
    return turn.messages.length > before;
  }

  /** Without waiting for what is out: of that it hears when it is done, or over. */
  private hasMore({ group }: PopRequest, name: string, turn: Turn): boolean {
    const until = this.memory.ordered.blockedUntil(
      { group, topic: name, queueId: QUEUE },
      this.clock.now(),
      undefined,
    );
    if (until !== undefined) this.subscriptions.lookAt(name, group, until);
    return (
      until === undefined && turn.unread && this.store.maxOffset(name, QUEUE) > this.position(group, name)
    );
  }

  private position(group: string, name: string): number {
    return this.store.offsets.query(group, name, QUEUE) ?? 0;
  }

  private note(reader: LiteReader, { attemptId }: PopRequest, names: readonly string[]): void {
    if (names.length > 0) reader.attempt = attemptId === undefined ? undefined : { id: attemptId, names };
  }
}
