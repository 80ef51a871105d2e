import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidOption } from '../errors.js';
import type { RunOptions, TransactionCallback } from '../transaction/callback.js';
import type { CompensablePair } from '../transaction/compensable.js';
import type { Delivery } from '../transaction/inbox.js';
import type { Transactions as DatabaseTransactions } from '../transaction/transactions.js';

/**
 * Changes the application's database and sends messages in one atomic act. Ready when modules are initialized. To be
 * injected where the database is no TypeORM data source: `Manager` is what its adapter gives to callbacks.
 */
@Injectable()
export class TransactionsOn<Manager> {
  private bound: DatabaseTransactions<Manager> | undefined;
  private missing = 'the application is not initialized yet: use it from onApplicationBootstrap on';

  /**
   * Runs `callback` in a database transaction; what it sends becomes visible if, and only if, that commits. Inside
   * another `run`, or a handler with dedupe: 'transaction', it joins that as a savepoint.
   * @returns what the callback returned, when database and messages are committed
   * @throws what the callback threw, unchanged; the database's refusal of COMMIT; SendFailed and the like (all of
   *   these: nothing happened); TransactionOutcomeUnknown; VerdictConflict
   */
  async run<R>(callback: TransactionCallback<Manager, R>, options?: RunOptions): Promise<R> {
    return this.needed().run(callback, options);
  }

  /**
   * `run` for a message that is being handled, whatever the handler's `dedupe` says: the callback's writes, its
   * messages and the mark "handled" commit together.
   * @param delivery a MessageContext
   * @returns false when the message was handled before; the callback did not run then
   */
  async once(
    delivery: Delivery,
    callback: TransactionCallback<Manager, unknown>,
    options?: RunOptions,
  ): Promise<boolean> {
    return this.needed().once(delivery, callback, options);
  }

  /** An action that can be undone: `compensable('charge').try(orderId, …)`, and `.cancel(orderId, …)`. */
  compensable(name: string): CompensablePair<Manager> {
    return this.needed().compensable(name);
  }

  /** How many messages came that had been handled before; they were acknowledged. */
  get duplicates(): number {
    return this.bound?.duplicates ?? 0;
  }

  /** false where there is no database to use */
  get available(): boolean {
    return this.bound !== undefined;
  }

  /** @internal */
  bind(bound: DatabaseTransactions<Manager> | string): void {
    if (typeof bound === 'string') this.missing = bound;
    else this.bound = bound;
  }

  private needed(): DatabaseTransactions<Manager> {
    if (!this.bound) throw new InvalidOption(`Transactions cannot be used: ${this.missing}`);
    return this.bound;
  }
}

/** The same with TypeORM's EntityManager. */
@Injectable()
export class Transactions extends TransactionsOn<EntityManager> {}
