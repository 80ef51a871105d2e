import type { Cancel, Clock, Connection } from '@halfmq/remoting';
import type { Arrival, MessageStore } from '@halfmq/store';
import type { Topics } from '../directory/topics.js';

/** A pull that found nothing and may wait. It is a request that is held, never a cursor into the store. */
export interface HeldPull {
  readonly topic: string;
  readonly queueId: number;
  /** wakes on a message at this offset or after it */
  readonly offset: number;
  /** Whether what has arrived there is anything it wants. */
  readonly wants: (arrival: Arrival) => boolean;
  readonly peer: Connection;
  /** ms it may be held */
  readonly waitMs: number;
  /** Looks again and answers, whatever there is then. */
  readonly answer: () => void;
}

interface Entry extends HeldPull {
  cancel: Cancel;
}

/**
 * Long polling. A held pull ends once, by what comes first:
 *
 *   held ── a message arrives that it wants ── answer (found)
 *        ── its time is over ──────────────── answer (nothing, or what did not match)
 *        ── its topic changes or is deleted ─ answer
 *        ── the broker stops ──────────────── answer
 *        ── its connection closes ─────────── forgotten
 *
 * Arrivals are told by the store after the commit, in the same thread that looked and held: none falls in between.
 */
export class Hold {
  /** topic → queue id → who waits */
  private readonly byTopic = new Map<string, Map<number, Set<Entry>>>();
  private readonly byPeer = new WeakMap<Connection, Set<Entry>>();
  private readonly listening: (() => void)[] = [];
  /** pulls that are held */
  size = 0;

  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'onArrival'>,
    private readonly topics: Pick<Topics, 'onChange'>,
  ) {}

  start(): void {
    this.listening.push(
      this.store.onArrival((arrival) => this.arrived(arrival)),
      this.topics.onChange((topic) => this.topicChanged(topic)),
    );
  }

  /** All are answered. What comes after is forgotten: an answer would only bring the next pull, until its connection ends. */
  stop(): void {
    for (const stop of this.listening.splice(0)) stop();
    for (const topic of this.byTopic.keys()) this.topicChanged(topic);
  }

  add(pull: HeldPull): void {
    if (this.listening.length === 0) return;
    const entry: Entry = { ...pull, cancel: () => undefined };
    entry.cancel = this.clock.after(pull.waitMs, () => this.wake(entry));
    this.ofQueue(pull).add(entry);
    this.size++;
    this.ofPeer(pull.peer).add(entry);
  }

  private arrived(arrival: Arrival): void {
    const entries = this.size > 0 && this.byTopic.get(arrival.topic)?.get(arrival.queueId);
    if (!entries) return;
    for (const entry of entries) {
      if (arrival.maxOffset > entry.offset && entry.wants(arrival)) this.wake(entry);
    }
  }

  /** Its settings changed, or it is gone: everybody held on it looks again. */
  private topicChanged(topic: string): void {
    for (const entries of this.byTopic.get(topic)?.values() ?? []) {
      for (const entry of entries) this.wake(entry);
    }
  }

  private wake(entry: Entry): void {
    this.remove(entry);
    entry.answer();
  }

  private remove(entry: Entry): void {
    const { topic, queueId } = entry;
    const queues = this.byTopic.get(topic);
    const entries = queues?.get(queueId);
    if (!entries?.delete(entry)) return;
    this.size--;
    if (entries.size === 0) queues?.delete(queueId);
    if (queues?.size === 0) this.byTopic.delete(topic);
    this.byPeer.get(entry.peer)?.delete(entry);
    entry.cancel();
  }

  private ofQueue({ topic, queueId }: HeldPull): Set<Entry> {
    let queues = this.byTopic.get(topic);
    if (!queues) this.byTopic.set(topic, (queues = new Map<number, Set<Entry>>()));
    let entries = queues.get(queueId);
    if (!entries) queues.set(queueId, (entries = new Set<Entry>()));
    return entries;
  }

  private ofPeer(peer: Connection): Set<Entry> {
    const known = this.byPeer.get(peer);
    if (known) return known;
    const entries = new Set<Entry>();
    this.byPeer.set(peer, entries);
    peer.onClose(() => {
      for (const entry of entries) this.remove(entry);
    });
    return entries;
  }
}
