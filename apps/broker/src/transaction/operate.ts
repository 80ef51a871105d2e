import { StatusError, type Clock, type Log } from '@halfmq/remoting';
import { StoreError, type HalfMessage, type MessageStore, type Verdict } from '@halfmq/store';
import { OutboundError } from '../outbound/outbound-error.js';
import type { CheckBack } from './check-back.js';
import type { CheckByUrl } from './check-by-url.js';
import { refusalOf, type Decide } from './decide.js';
import { readHalf } from './half-record.js';
import type { KnownTransaction, KnownTransactions } from './known-transactions.js';
import type { Resume } from './resume.js';
import { describeVerdict, VerdictContradicted } from './verdict-words.js';

/** Who acts over HTTP. */
export interface Actor {
  /** the name of an operator; undefined: whoever began the transaction */
  readonly operator?: string | undefined;
  readonly reason?: string | undefined;
}

/** What is done to a transaction from outside, over HTTP. All of it can be done again. */
export class Operate {
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: Pick<MessageStore, 'recordAt' | 'halves'>,
    private readonly known: KnownTransactions,
    private readonly decisions: Decide,
    private readonly checkBack: CheckBack,
    private readonly byUrl: CheckByUrl,
    private readonly resume: Resume,
  ) {}

  /**
   * Resolves when the verdict is stored, also when it was there already.
   * @throws StatusError TRANSACTION_ALREADY_*: the opposite was first; its facts say who decided
   */
  async decide(
    id: string,
    group: string | undefined,
    kind: Verdict['kind'],
    actor: Actor,
  ): Promise<KnownTransaction> {
    const transaction = await this.known.one(id, group);
    const { operator, reason } = actor;
    if (operator !== undefined) refuseWithout(reason);
    const by = operator === undefined ? 'producer' : 'operator';
    const verdict: Verdict = { kind, by, at: this.clock.now(), reason, operator };
    const { halves } = transaction;
    // one that came after its transaction was decided must not be decided otherwise than the others
    for (const half of halves) {
      if (half.verdict && half.verdict.kind !== kind) throw contradiction(transaction, half.verdict);
    }
    await Promise.all(halves.map((half) => this.settle(transaction, half, verdict)));
    return this.known.now(transaction);
  }

  /**
   * Asks now, whatever the time of its next check. An endpoint has answered when this resolves, a producer answers later.
   * @throws StatusError TRANSACTION_NOBODY_TO_ASK, TRANSACTION_DECIDED
   */
  async check(id: string, group: string | undefined, { operator, reason }: Actor): Promise<void> {
    const transaction = await this.known.one(id, group);
    const half = this.undecided(transaction);
    this.log.info('a transaction is asked about out of its turn', {
      id,
      group: transaction.group,
      operator,
      reason,
    });
    if (half.byUrl) {
      const outcome = await this.byUrl.askNow(half);
      if (!outcome) throw unreadable(transaction);
      if (outcome instanceof OutboundError) throw nobody(transaction, outcome.message);
      return;
    }
    const asked = this.checkBack.askNow(half.halfOffset);
    if (asked === 'unreadable') throw unreadable(transaction);
    if (asked === 'nobody')
      throw nobody(
        transaction,
        `no producer of group ${half.producerGroup} that can answer for ${half.topic} is connected`,
      );
  }

  /**
   * It is asked about again, counted from 0. Resolves when that is stored.
   * @throws StatusError TRANSACTION_DECIDED
   */
  async recover(
    id: string,
    group: string | undefined,
    { operator = 'unknown', reason }: Actor,
  ): Promise<void> {
    refuseWithout(reason);
    const transaction = await this.known.one(id, group);
    const who = { operator, reason };
    await this.resume.recover(this.undecided(transaction).halfOffset, who);
    this.log.warn('an operator has recovered a transaction: it is asked about again', {
      id,
      group: transaction.group,
      ...who,
    });
  }

  private undecided({ id, first, halves }: KnownTransaction): HalfMessage {
    for (const { halfOffset } of halves) {
      const half = this.store.halves.find(halfOffset)?.half;
      if (half) return half;
    }
    const verdict = first.verdict ? `was ${describeVerdict(first.verdict)}` : 'is decided';
    throw new StatusError('TRANSACTION_DECIDED', `transaction ${id} ${verdict}: nothing is left to ask`);
  }

  private settle(
    transaction: KnownTransaction,
    half: KnownTransaction['first'],
    verdict: Verdict,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        this.decisions.decide(half.halfOffset, verdict, readHalf(this.store, half), (refusal) => {
          if (!refusal) resolve();
          else
            reject(
              refusal instanceof VerdictContradicted ? contradiction(transaction, refusal.decided) : refusal,
            );
        });
      } catch (error) {
        reject(error instanceof StoreError ? refusalOf(error) : error);
      }
    });
  }
}

function contradiction({ id }: KnownTransaction, verdict: Verdict): StatusError {
  const { kind, by, at, reason, operator } = verdict;
  return new StatusError(
    kind === 'commit' ? 'TRANSACTION_ALREADY_COMMITTED' : 'TRANSACTION_ALREADY_ROLLED_BACK',
    `transaction ${id} was ${describeVerdict(verdict)}; the first verdict is final`,
    {
      verdict: kind,
      verdictBy: by,
      verdictAt: new Date(at).toISOString(),
      verdictReason: reason,
      verdictOperator: operator,
    },
  );
}

function nobody({ id }: KnownTransaction, why: string): StatusError {
  return new StatusError('TRANSACTION_NOBODY_TO_ASK', `nobody was asked about transaction ${id}: ${why}`);
}

function unreadable({ id }: KnownTransaction): StatusError {
  return new StatusError(
    'SYSTEM_ERROR',
    `a half message of transaction ${id} cannot be read: nobody can be asked about it`,
  );
}

function refuseWithout(reason: string | undefined): asserts reason is string {
  if (reason !== undefined && reason.trim() !== '') return;
  throw new StatusError('INVALID_PARAMETER', 'a reason is needed of an operator: {"reason": "…"}');
}
