import { InvalidOption } from '../errors.js';
import type { OutgoingMessage } from '../message.js';
import type { OpenTransaction } from './barrier.js';
import type { HalfMessages } from './half-messages.js';

/** A message of a transaction, and the producer group it goes out under. */
export interface Collected {
  readonly message: OutgoingMessage;
  readonly via: HalfMessages;
}

/**
 * What belongs to one `run`, the outermost or a nested one: its place in the database transaction and the messages
 * it has collected. Open while its callback runs.
 */
export class Scope<Manager> {
  readonly messages: Collected[] = [];
  private ended = false;
  private lastNested: Promise<unknown> = Promise.resolve();

  constructor(
    readonly transaction: OpenTransaction<Manager>,
    readonly transactionId: string,
  ) {}

  get open(): boolean {
    return !this.ended;
  }

  /** @throws InvalidOption when the callback has ended */
  collect(one: Collected): void {
    if (this.ended) {
      throw new InvalidOption(
        `send() for ${one.message.topic} came after its transaction had ended: await everything inside the callback`,
      );
    }
    this.messages.push(one);
  }

  /** Runs the callback of this scope and closes it, when the nested ones have ended too. */
  async during<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } finally {
      await this.nestedEnded();
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
      for (const one of inner.messages) this.collect(one);
      return value;
    });
    this.lastNested = joined.catch(() => undefined);
    return joined;
  }

  /** One that nobody waits for may begin another. */
  private async nestedEnded(): Promise<void> {
    let last: Promise<unknown>;
    do {
      last = this.lastNested;
      await last;
    } while (last !== this.lastNested);
  }
}
