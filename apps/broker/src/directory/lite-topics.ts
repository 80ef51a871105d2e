import { StatusError, type Cancel, type Clock, type Log } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { isLegalLiteTopic, liteNameOf, LONGEST_LITE_TOPIC, partsOfLite } from './lite-names.js';
import type { TopicConfig } from './topic-config.js';
import type { Topics } from './topics.js';

const MINUTE_MS = 60_000;
/** Ended in one turn of the event loop; the rest a little later. */
const MOST_ENDED_AT_ONCE = 100;
const SOON_MS = 100;

type Limits = Pick<BrokerConfig, 'maxLmqConsumeQueueNum' | 'liteTtlCheckInterval'>;

/**
 * The lite topics there are: queues of the store, made by their first message and by nothing else. None is a topic that name
 * servers hear of, and none has settings of its own.
 *
 *   (none) ── a message ──▶ there ── no message for lite.topic.expiration, all of its messages gone by retention ──▶ (none)
 *                                 ── its topic is deleted ────────────────────────────────────────────────────────▶ (none)
 *
 * Idle times begin anew with the broker.
 */
export class LiteTopics {
  /** topic → name of a lite topic of it → when something was sent to it last */
  private readonly usedAt = new Map<string, Map<string, number>>();
  private readonly listeners: ((name: string) => void)[] = [];
  private count = 0;
  private cancel: Cancel = () => undefined;
  private stopListening: Cancel = () => undefined;

  constructor(
    private readonly config: Limits,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: Pick<
      MessageStore,
      'topics' | 'deleteTopic' | 'minOffset' | 'maxOffset' | 'writable'
    >,
    private readonly topics: Topics,
  ) {
    for (const name of store.topics()) {
      const parts = partsOfLite(name);
      if (parts) this.used(parts.topic, name);
    }
  }

  start(): void {
    this.stopListening = this.topics.onChange((topic) => {
      if (!this.topics.find(topic)) this.endAll(topic);
    });
    this.sweep();
  }

  stop(): void {
    this.stopListening();
    this.cancel();
  }

  /** Called at once with the name of one that has ended. */
  onEnd(listener: (name: string) => void): void {
    this.listeners.push(listener);
  }

  /**
   * A message for it comes: it is there from now on.
   * @returns the name it has in the store
   * @throws StatusError MESSAGE_ILLEGAL, LMQ_QUOTA_EXCEEDED
   */
  admit({ topicName }: Pick<TopicConfig, 'topicName'>, liteTopic: string): string {
    if (!isLegalLiteTopic(liteTopic))
      throw new StatusError(
        'MESSAGE_ILLEGAL',
        `a lite topic of 1 to ${LONGEST_LITE_TOPIC} letters of a-zA-Z0-9_- expected, got "${liteTopic.slice(0, LONGEST_LITE_TOPIC)}"`,
      );
    const name = liteNameOf(topicName, liteTopic);
    const { maxLmqConsumeQueueNum: most } = this.config;
    if (this.count >= most && !this.usedAt.get(topicName)?.has(name))
      throw new StatusError(
        'LMQ_QUOTA_EXCEEDED',
        `at most ${most} lite topics (maxLmqConsumeQueueNum), ${liteTopic} of topic ${topicName} would be one more`,
      );
    this.used(topicName, name);
    return name;
  }

  private used(topic: string, name: string): void {
    let names = this.usedAt.get(topic);
    if (!names) this.usedAt.set(topic, (names = new Map<string, number>()));
    if (!names.has(name)) this.count++;
    names.set(name, this.clock.now());
  }

  /** At once: one of that name may be made anew. */
  private endAll(topic: string): void {
    for (const name of this.usedAt.get(topic)?.keys() ?? []) this.end(topic, name);
  }

  private sweep(): void {
    this.cancel();
    const again = this.store.writable && this.endIdle() ? SOON_MS : this.config.liteTtlCheckInterval;
    this.cancel = this.clock.after(again, () => this.sweep(), true);
  }

  /** @returns whether some are left */
  private endIdle(): boolean {
    let left = MOST_ENDED_AT_ONCE;
    for (const [topic, names] of this.usedAt) {
      const idleMs = idleMsOf(this.topics.find(topic));
      for (const [name, usedAt] of names) {
        if (!this.isOver(name, usedAt, idleMs)) continue;
        if (left-- === 0) return true;
        this.end(topic, name);
      }
    }
    return false;
  }

  private isOver(name: string, usedAt: number, idleMs: number): boolean {
    const idle = this.clock.now() - usedAt;
    if (idle >= idleMs) return true;
    // its first message may be on its way
    const isEmpty = this.store.minOffset(name, 0) >= this.store.maxOffset(name, 0);
    return isEmpty && idle >= this.config.liteTtlCheckInterval;
  }

  private end(topic: string, name: string): void {
    const names = this.usedAt.get(topic);
    if (!names?.delete(name)) return;
    this.count--;
    if (names.size === 0) this.usedAt.delete(topic);
    for (const listener of this.listeners) listener(name);
    this.store.deleteTopic(name, (error) => {
      // it is there again, and found at the next start
      if (error) this.log.warn('a lite topic could not be ended', { name, error: error.message });
    });
  }
}

/** After how long without a message a lite topic of it ends. */
function idleMsOf(topic: TopicConfig | undefined): number {
  if (!topic) return 0;
  const minutes = Number(topic.attributes['lite.topic.expiration'] ?? -1);
  return minutes > 0 ? minutes * MINUTE_MS : Infinity;
}
