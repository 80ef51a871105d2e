import { InvalidOption } from '../errors.js';
import type { OutgoingMessage } from '../message.js';
import type { OpenTransaction } from './barrier.js';

/**
 * What belongs to one `run`, the outermost or a nested one: its place in the database transaction and the messages
 * it has collected. Open while its callback runs.
 */
export class Scope<Manager> {
  readonly messages: OutgoingMessage[] = [];
  private ended = false;
  private lastNested: Promise<unknown> = Promise.resolve();

  constructor(
    readonly transaction: OpenTransaction<Manager>,
    readonly transactionId: string,
  ) {}

  get open(): boolean {
    return !this.ended;
  }

  collect(message: OutgoingMessage): void {
    if (this.ended) {
      throw new InvalidOption(
        `send() for ${message.topic} came after its transaction had ended: await everything inside the callback`,
      );
    }
    this.messages.push(message);
  }

  /** Runs the callback of this scope and closes it, when the nested ones have ended too. */
  async during<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } finally {
      await this.lastNested;
      this.ended = true;
    }
  }

  /**
   * A savepoint whose messages are dropped with it. Savepoints of one connection nest strictly, so two nested runs
   * started side by side (Promise.all) go one after the other.
   */
  nest<R>(work: (scope: Scope<Manager>) => Promise<R>): Promise<R> {
    const inner = new Scope(this.transaction, this.transactionId);
    const result = this.lastNested.then(() =>
      this.transaction.savepoint(() => inner.during(() => work(inner))),
    );
    const joined = result.then((value) => {
      for (const message of inner.messages) this.collect(message);
      return value;
    });
    this.lastNested = joined.catch(() => undefined);
    return joined;
  }
}
