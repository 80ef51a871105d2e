import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidOption } from '../errors.js';
import type { Delivery } from '../transaction/inbox.js';
import type { RunOptions, TransactionCallback } from '../transaction/transactions.js';
import type { TypeOrmTransactions } from '../typeorm/typeorm-transactions.js';

/** Changes the application's database and sends messages in one atomic act. Ready when modules are initialized. */
@Injectable()
export class Transactions {
  private bound: TypeOrmTransactions | undefined;
  private missing = 'the application is not initialized yet: use it from onApplicationBootstrap on';

  /**
   * Runs `callback` in a database transaction; what it sends becomes visible if, and only if, that commits. Inside
   * another `run`, or a handler with dedupe: 'transaction', it joins that as a savepoint.
   * @returns what the callback returned, when database and messages are committed
   * @throws what the callback threw, unchanged; the database's refusal of COMMIT; SendFailed and the like (all of
   *   these: nothing happened); TransactionOutcomeUnknown; VerdictConflict
   */
  async run<R>(callback: TransactionCallback<EntityManager, R>, options?: RunOptions): Promise<R> {
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
    callback: TransactionCallback<EntityManager, unknown>,
    options?: RunOptions,
  ): Promise<boolean> {
    return this.needed().once(delivery, callback, options);
  }

  /** false, and why not, where there is no database to use */
  get available(): boolean {
    return this.bound !== undefined;
  }

  /** @internal */
  bind(bound: TypeOrmTransactions | string): void {
    if (typeof bound === 'string') this.missing = bound;
    else this.bound = bound;
  }

  private needed(): TypeOrmTransactions {
    if (!this.bound) throw new InvalidOption(`Transactions cannot be used: ${this.missing}`);
    return this.bound;
  }
}
