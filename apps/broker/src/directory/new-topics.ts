import type { Cancel } from '@halfmq/remoting';
import type { Clients } from './clients.js';
import type { Registration } from './registration.js';
import type { Topics } from './topics.js';

/** Name servers that do not answer are waited for as long as whoever makes a topic waits for them. */
const PATIENCE_MS = 1_000;

/**
 * Tells the members of groups that a topic of theirs has come into being, once name servers know it: they share out its queues at
 * once. Who waits for a topic need not ask for it again and again, and its first message does not wait for the next time. Those
 * that came together are told together.
 */
export class NewTopics {
  private readonly known: Set<string>;
  private readonly news = new Set<string>();
  private telling: Promise<void> | undefined;
  private stopListening: Cancel = () => undefined;

  constructor(
    private readonly topics: Topics,
    private readonly registration: Pick<Registration, 'told'>,
    private readonly clients: Pick<Clients, 'topicsCame'>,
  ) {
    this.known = new Set([...topics.all()].map(({ topicName }) => topicName));
  }

  start(): void {
    this.stopListening = this.topics.onChange((topic) => this.changed(topic));
  }

  stop(): void {
    this.stopListening();
    this.news.clear();
  }

  private changed(topic: string): void {
    if (!this.topics.find(topic)) {
      this.known.delete(topic);
      this.news.delete(topic);
      return;
    }
    if (this.known.has(topic)) return;
    this.known.add(topic);
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
