import type { Cancel, Clock, Connection } from '@halfmq/remoting';
import type { Arrival, MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../../config/resolve-config.js';
import type { Clients } from '../../directory/clients.js';
import { popRetryTopicOf } from '../../directory/topic-names.js';
import type { Topics } from '../../directory/topics.js';

/** What became of a look: it was answered, or it goes on waiting, at most until then (ms since 1970). */
export type Look = 'answered' | { readonly blockedUntil: number | undefined };

/** A pop that found nothing and may wait. */
export interface HeldPop {
  readonly topic: string;
  readonly group: string;
  /** -1: any */
  readonly queueId: number;
  /** Clock.monotonic until when it is held: a clock that is set back holds nobody longer */
  readonly until: number;
  /** Looks again, and answers if there is something. */
  readonly look: () => Look;
  /** Answers that there is nothing. */
  readonly giveUp: () => void;
  /** where its client is: when that ends, it is forgotten; undefined: who adds it looks to that */
  readonly peer?: Connection | undefined;
}

interface Entry extends HeldPop {
  cancel: Cancel;
}

/**
 * Long polling of pops. Those of one group are served in the order they came; the first one who finds nothing ends the row,
 * since the others would find nothing either.
 *
 *   held ── a message arrives in its topic or its retry topic, an ordered queue is free ── looks: answered, or held on
 *        ── its time is over, its topic changes, its member leaves, the broker stops ────── answered
 *        ── its client is gone ─────────────────────────────────────────────────────────── forgotten
 */
export class HeldPops {
  /** topic → group → who waits, in the order they came */
  private readonly byTopic = new Map<string, Map<string, Set<Entry>>>();
  /** pop retry topic → topic and group */
  private readonly ofRetryTopic = new Map<string, { readonly topic: string; readonly group: string }>();
  /** a connection holds thousands of pops in its life: it is listened to once */
  private readonly byPeer = new WeakMap<Connection, Set<Entry>>();
  private readonly listening: (() => void)[] = [];
  size = 0;

  constructor(
    private readonly config: Pick<BrokerConfig, 'popPollingSize' | 'maxPopPollingSize'>,
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'onArrival'>,
    private readonly topics: Pick<Topics, 'onChange'>,
    private readonly clients: Pick<Clients, 'onLeave'>,
  ) {}

  start(): void {
    this.listening.push(
      this.store.onArrival((arrival) => this.arrived(arrival)),
      this.topics.onChange((topic) => this.topicChanged(topic)),
      this.clients.onLeave((group, peer) => this.left(group, peer)),
    );
  }

  stop(): void {
    for (const stop of this.listening.splice(0)) stop();
    for (const topic of this.byTopic.keys()) this.topicChanged(topic);
  }

  /** How many of a group are held for a queue (-1: for any). */
  count(topic: string, group: string, queueId: number): number {
    return [...this.of(topic, group)].filter((entry) => entry.queueId === queueId).length;
  }

  isFull(topic: string, group: string): boolean {
    return (
      this.size >= this.config.maxPopPollingSize || this.of(topic, group).size >= this.config.popPollingSize
    );
  }

  /**
   * @param blockedUntil when it is worth another look, although nothing arrives
   * @returns how to forget it: its client is gone
   */
  add(pop: HeldPop, blockedUntil: number | undefined): () => void {
    const entry: Entry = { ...pop, cancel: () => undefined };
    let groups = this.byTopic.get(pop.topic);
    if (!groups) this.byTopic.set(pop.topic, (groups = new Map<string, Set<Entry>>()));
    let entries = groups.get(pop.group);
    if (!entries) groups.set(pop.group, (entries = new Set<Entry>()));
    entries.add(entry);
    this.size++;
    const { topic, group } = pop;
    this.ofRetryTopic.set(popRetryTopicOf(group, topic), { topic, group });
    if (pop.peer) this.ofPeer(pop.peer).add(entry);
    this.wait(entry, blockedUntil);
    return () => this.remove(entry);
  }

  /** A queue of theirs may have something now. */
  look(topic: string, group: string, queueId = -1): void {
    for (const entry of this.of(topic, group)) {
      if (queueId >= 0 && entry.queueId >= 0 && entry.queueId !== queueId) continue;
      if (this.answered(entry)) continue;
      if (entry.queueId < 0) return;
    }
  }

  private arrived({ topic, queueId }: Arrival): void {
    const again = this.ofRetryTopic.get(topic);
    if (again) return this.look(again.topic, again.group);
    for (const group of this.byTopic.get(topic)?.keys() ?? []) this.look(topic, group, queueId);
  }

  /** Its settings changed, or it is gone: its clients ask anew. */
  private topicChanged(topic: string): void {
    for (const entries of this.byTopic.get(topic)?.values() ?? []) {
      for (const entry of entries) this.end(entry);
    }
  }

  /** What its pops were given would be out until its time is over, since nobody is there to handle it. */
  private left(group: string, peer: Connection): void {
    for (const entry of this.byPeer.get(peer) ?? []) if (entry.group === group) this.end(entry);
  }

  private wait(entry: Entry, blockedUntil: number | undefined): void {
    entry.cancel();
    const over = Math.max(0, entry.until - this.clock.monotonic());
    const free = blockedUntil === undefined ? Infinity : Math.max(1, blockedUntil - this.clock.now());
    entry.cancel =
      free < over
        ? this.clock.after(free, () => this.answered(entry))
        : this.clock.after(over, () => this.end(entry));
  }

  private answered(entry: Entry): boolean {
    const look = entry.look();
    if (look === 'answered') this.remove(entry);
    else this.wait(entry, look.blockedUntil);
    return look === 'answered';
  }

  private end(entry: Entry): void {
    this.remove(entry);
    entry.giveUp();
  }

  private remove(entry: Entry): void {
    const { topic, group } = entry;
    const groups = this.byTopic.get(topic);
    const entries = groups?.get(group);
    if (!groups || !entries?.delete(entry)) return;
    this.size--;
    entry.cancel();
    if (entry.peer) this.byPeer.get(entry.peer)?.delete(entry);
    if (entries.size > 0) return;
    groups.delete(group);
    this.ofRetryTopic.delete(popRetryTopicOf(group, topic));
    if (groups.size === 0) this.byTopic.delete(topic);
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

  private of(topic: string, group: string): ReadonlySet<Entry> {
    return this.byTopic.get(topic)?.get(group) ?? NOBODY;
  }
}

const NOBODY: ReadonlySet<Entry> = new Set();
