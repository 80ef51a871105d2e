import { Permission, type Cancel, type TopicConfig } from '@halfmq/remoting';
import type { Clients } from './clients.js';
import type { Registration } from './registration.js';
import type { Topics } from './topics.js';

/** Name servers that do not answer are waited for as long as whoever makes a topic waits for them. */
const PATIENCE_MS = 1_000;

/**
 * Tells the members of groups that a topic of theirs has come into being, or has other queues to read, once name servers know it:
 * they share out its queues at once. Who waits for a topic need not ask for it again and again, and the first message of a queue
 * does not wait for the next time. What came together is told together.
 */
export class NewTopics {
  /** topic → what of it is read */
  private readonly known: Map<string, number>;
  private readonly news = new Set<string>();
  private telling: Promise<void> | undefined;
  private stopListening: Cancel = () => undefined;

  constructor(
    private readonly topics: Topics,
    private readonly registration: Pick<Registration, 'told'>,
    private readonly clients: Pick<Clients, 'topicsCame'>,
  ) {
    this.known = new Map([...topics.all()].map((topic) => [topic.topicName, queuesToRead(topic)]));
  }

  start(): void {
    this.stopListening = this.topics.onChange((topic) => this.changed(topic));
  }

  stop(): void {
    this.stopListening();
    this.news.clear();
  }

  private changed(topic: string): void {
    const config = this.topics.find(topic);
    if (!config) {
      this.known.delete(topic);
      this.news.delete(topic);
      return;
    }
    const queues = queuesToRead(config);
    if (this.known.get(topic) === queues) return;
    this.known.set(topic, queues);
    this.news.add(topic);
    this.telling ??= this.tell();
  }

  private async tell(): Promise<void> {
    while (this.news.size > 0) {
      // not before the end of this turn: what comes together is told together
      await Promise.resolve();
      const came = new Set(this.news);
      this.news.clear();
      await this.registration.told(PATIENCE_MS);
      this.clients.topicsCame(came);
    }
    // in the same step as the look at the news: what comes from now on is told anew
    this.telling = undefined;
  }
}

function queuesToRead({ readQueueNums, perm }: TopicConfig): number {
  return (perm & Permission.READ) === 0 ? 0 : readQueueNums;
}
