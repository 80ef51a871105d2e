import { isDeepStrictEqual } from 'node:util';
import { StatusError } from '@halfmq/remoting';
import type { MessageStore, NewMessage } from '@halfmq/store';
import type { NewTransaction, Prepare } from '../produce/prepare.js';
import { readHalf } from './half-record.js';
import type { KnownTransaction, KnownTransactions } from './known-transactions.js';
import { givenProperties } from './shown-transaction.js';
import type { Beginning, Begun } from './transactions.http.js';

interface Existing {
  readonly transaction: KnownTransaction;
  readonly made: boolean;
}

/** Begins transactions for those who have no connection of their own. A repeated call makes no second one. */
export class Begin implements Beginning {
  /** the last call of each id that is not done */
  private readonly underWay = new Map<string, Promise<Existing>>();

  constructor(
    private readonly prepare: Prepare,
    private readonly known: KnownTransactions,
    private readonly store: Pick<MessageStore, 'recordAt'>,
  ) {}

  /**
   * Resolves when all its half messages are stored.
   * @throws StatusError TRANSACTION_ID_TAKEN when another one has its id, and as a send; StoreError
   */
  async begin(given: NewTransaction): Promise<Begun> {
    const { transaction, made } = await this.afterOthers(given);
    return { transaction: this.known.shown(transaction, false), made };
  }

  private afterOthers(transaction: NewTransaction): Promise<Existing> {
    const { id } = transaction;
    const before = this.underWay.get(id);
    // two calls at once would both find nothing
    const begun = before
      ? before.catch(() => undefined).then(() => this.inTurn(transaction))
      : this.inTurn(transaction);
    this.underWay.set(id, begun);
    return begun.finally(() => {
      if (this.underWay.get(id) === begun) this.underWay.delete(id);
    });
  }

  private async inTurn(transaction: NewTransaction): Promise<Existing> {
    const { id, group } = transaction;
    const halves = this.prepare.halves(transaction);
    const existing = (await this.known.withId(id, group)).find((each) => each.id === id);
    if (existing) {
      this.refuseAnother(existing, halves);
      return { transaction: existing, made: false };
    }
    const [first = -1] = await this.prepare.place(halves);
    // its first check may have come, been answered and decided it in the same turn
    return { transaction: this.known.begun(first) ?? (await this.known.one(id, group)), made: true };
  }

  private refuseAnother({ id, group, halves }: KnownTransaction, given: readonly NewMessage[]): void {
    const same = halves.length === given.length && halves.every((half, at) => this.isSame(half, given[at]));
    if (same) return;
    throw new StatusError(
      'TRANSACTION_ID_TAKEN',
      `transaction ${id} of group ${group} exists, and its messages or its checkUrl are others than those given`,
    );
  }

  private isSame(half: KnownTransaction['first'], given: NewMessage | undefined): boolean {
    const stored = readHalf(this.store, half)?.record;
    // what cannot be read any more was there: nothing is made a second time because of it
    if (!stored || !given) return given !== undefined;
    return (
      stored.body.equals(given.body) &&
      isDeepStrictEqual(givenProperties(stored.properties), givenProperties(given.properties))
    );
  }
}
