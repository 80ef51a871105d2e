import type { Verdict } from '@halfmq/store';
import type { KnownTransaction, KnownTransactions } from './known-transactions.js';
import type { Actor, Operate } from './operate.js';
import type { TransactionHistory } from './transaction-history.js';
import type { Deciding, TransactionInFull } from './verdicts.http.js';

/** Single transactions, with all that is known of them. */
export class TransactionsInFull implements Deciding {
  constructor(
    private readonly known: KnownTransactions,
    private readonly history: TransactionHistory,
    private readonly operate: Operate,
  ) {}

  async one(id: string, group: string | undefined): Promise<TransactionInFull> {
    return this.inFull(await this.known.one(id, group));
  }

  async decide(
    id: string,
    group: string | undefined,
    kind: Verdict['kind'],
    actor: Actor,
  ): Promise<TransactionInFull> {
    return this.inFull(await this.operate.decide(id, group, kind, actor));
  }

  private inFull(transaction: KnownTransaction): TransactionInFull {
    return { ...this.known.shown(transaction, true), ...this.history.of(transaction) };
  }
}
