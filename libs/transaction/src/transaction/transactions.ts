import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Log } from '@halfmq/remoting';
import { channels } from '../channels.js';
import { TransactionOutcomeUnknown, VerdictConflict } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { HalfReceipt, OutgoingMessage, ReceivedMessage } from '../message.js';
import { TransactionState } from '../message.js';
import { type SendOptions, type TopicOrName, topicOf } from '../topic.js';
import type { Barrier, BarrierStamp, OpenTransaction } from './barrier.js';
import { type HalfMessages, stamped, stampOf } from './half-messages.js';
import { Scope } from './scope.js';

/** Collects a message: it becomes visible if, and only if, the transaction commits. */
export type Send = <T>(topic: TopicOrName<T>, body: T, options?: SendOptions) => void;

/** The third argument of a callback. */
export interface TransactionContext {
  /** new for each attempt; the key of the barrier row, and the property HALFMQ_TX of every message */
  readonly id: string;
}

export type TransactionCallback<Manager, R> = (
  manager: Manager,
  send: Send,
  transaction: TransactionContext,
) => Promise<R>;

export interface RunOptions {
  /** the database's name of an isolation level, 'SERIALIZABLE' for example */
  readonly isolation?: string | undefined;
  /**
   * How often the callback may run when the database says that another attempt may succeed (serialization failure,
   * deadlock); 1 unless told. Each attempt is a transaction of its own with a new id.
   */
  readonly attempts?: number | undefined;
}

/** Looks at a body before it is taken: throws when it must not be sent. */
export type BodyCheck = <T>(topic: TopicOrName<T>, body: T) => void;

/**
 * "Change my database and send messages" as one act, for any database behind the `Barrier` port.
 *
 *     BEGIN ─▶ callback ─▶ barrier row ─▶ half messages ─▶ COMMIT ─▶ END commit
 *                 │             │              │              ├ refused ─▶ "no" recorded ─▶ END rollback ─▶ throws
 *                 │             │              │              └ no answer ─▶ TransactionOutcomeUnknown, no END
 *                 │             │              └ one failed ─▶ ROLLBACK ─▶ "no" recorded ─▶ END rollback ─▶ throws
 *                 └ throws ─────┴ fails ─▶ ROLLBACK, nothing was sent, the error comes out unchanged
 *
 * The row is inserted after the callback, not at BEGIN. A check can only come after the first half message, and the
 * row (with its lock) is there before that: nothing is lost. Won are: a run that sends nothing leaves no row; and a
 * transaction the callback has broken (a failed statement whose error it swallowed) is found out by this insert,
 * before anything is sent, where PostgreSQL would have answered COMMIT with a quiet rollback.
 *
 * Whatever dies on this way, the broker asks, and `check` answers from the row.
 */
export class Transactions<Manager> {
  private readonly scopes = new AsyncLocalStorage<Scope<Manager>>();
  private readonly runs = new InFlight(channels.work);

  constructor(
    private readonly barrier: Barrier<Manager>,
    private readonly halves: HalfMessages,
    private readonly log: Log,
    private readonly checkBody: BodyCheck = () => undefined,
  ) {}

  /**
   * Runs `callback` in a database transaction; the messages it sends become visible if, and only if, that commits.
   * Inside another `run` of the same object it is a savepoint, whose messages are dropped when it is rolled back
   * (a raw `manager.transaction` is not seen: its messages stay).
   * @returns what the callback returned, when database and messages are committed
   * @throws what the callback threw, unchanged; the database's refusal of COMMIT; SendFailed and the like when the half
   *   messages could not be stored (all of these: nothing happened); TransactionOutcomeUnknown; VerdictConflict when
   *   the database has committed but the broker was told to roll back before
   */
  async run<R>(callback: TransactionCallback<Manager, R>, options: RunOptions = {}): Promise<R> {
    const outer = this.scopes.getStore();
    if (outer?.open) return outer.nest((scope) => this.call(scope, callback));
    return this.runs.track(this.attempts(callback, options));
  }

  /** Resolves when no `run` is under way, also none that began meanwhile. */
  settled(): Promise<void> {
    return this.runs.settled();
  }

  /** Of the scope a callback is called in. */
  protected get current(): OpenTransaction<Manager> | undefined {
    return this.scopes.getStore()?.transaction;
  }

  private async attempts<R>(callback: TransactionCallback<Manager, R>, options: RunOptions): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(callback, options);
      } catch (error) {
        if (attempt >= (options.attempts ?? 1) || !this.barrier.worthAnotherAttempt(error)) throw error;
        this.log.debug('transaction is tried again', { attempt, error });
      }
    }
  }

  /** The broker's question about a half message nobody ended: answered from the barrier row. */
  async check(message: ReceivedMessage): Promise<TransactionState> {
    const stamp = stampOf(message);
    const answer = stamp ? await this.barrier.decide(stamp) : TransactionState.Unknown;
    if (!stamp) this.log.warn('asked about a half message that no run has sent', { topic: message.topic });
    else channels.check.publish({ transactionId: stamp.transactionId, answer });
    return answer;
  }

  private async attempt<R>(callback: TransactionCallback<Manager, R>, options: RunOptions): Promise<R> {
    const transaction = await this.barrier.begin(options.isolation);
    const scope = new Scope(transaction, randomUUID());
    let result: R;
    let stamp: BarrierStamp | undefined;
    try {
      result = await this.call(scope, callback);
      if (scope.messages.length > 0) stamp = await transaction.record(scope.transactionId);
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    if (stamp) await this.commitWithMessages(transaction, stamp, scope.messages);
    else await commitAlone(transaction);
    return result;
  }

  private call<R>(scope: Scope<Manager>, callback: TransactionCallback<Manager, R>): Promise<R> {
    const send: Send = (topic, body, options) => {
      this.checkBody(topic, body);
      scope.collect(topicOf(topic).message(body, options));
    };
    const context = { id: scope.transactionId };
    const { manager } = scope.transaction;
    return scope.during(() => this.scopes.run(scope, async () => callback(manager, send, context)));
  }

  private async commitWithMessages(
    transaction: OpenTransaction<Manager>,
    stamp: BarrierStamp,
    messages: readonly OutgoingMessage[],
  ): Promise<void> {
    const { transactionId } = stamp;
    const sent = await Promise.allSettled(messages.map((m) => this.halves.prepare(stamped(m, stamp))));
    const halves = sent.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = sent.find((one) => one.status === 'rejected');
    if (failed) {
      await transaction.rollback();
      await this.undo(stamp, halves);
      throw failed.reason;
    }
    channels.afterHalf.publish({ transactionId });
    const outcome = await transaction.commit();
    if (outcome.kind === 'unknown')
      throw new TransactionOutcomeUnknown(transactionId, { cause: outcome.error });
    if (outcome.kind === 'refused') {
      await this.undo(stamp, halves);
      throw outcome.error;
    }
    channels.afterCommit.publish({ transactionId });
    await this.end(transactionId, halves);
  }

  /** Tells the brokers "rollback", once that is written down. What fails here is left to the check. */
  private async undo(stamp: BarrierStamp, halves: readonly HalfReceipt[]): Promise<void> {
    if (halves.length === 0 || (await this.barrier.decide(stamp)) !== TransactionState.Rollback) return;
    await Promise.all(
      halves.map((half) =>
        this.halves.end(half, TransactionState.Rollback).catch((error: unknown) => this.left(half, error)),
      ),
    );
  }

  /** The database has committed: only an opposite verdict is an error, everything else is finished by the check. */
  private async end(transactionId: string, halves: readonly HalfReceipt[]): Promise<void> {
    const conflicts: VerdictConflict[] = [];
    const endOne = async (half: HalfReceipt): Promise<void> => {
      try {
        await this.halves.end(half, TransactionState.Commit);
      } catch (error) {
        if (error instanceof VerdictConflict) conflicts.push(error);
        else this.left(half, error);
      }
    };
    await Promise.all(halves.map(endOne));
    const [error] = conflicts;
    if (!error) return;
    channels.verdictConflict.publish({ transactionId, error });
    this.log.error('committed, but a broker has rolled the messages back', { transactionId, error });
    throw error;
  }

  private left(half: HalfReceipt, error: unknown): void {
    const { topic, brokerName, uniqueKey } = half;
    this.log.warn('verdict not delivered, the check-back will ask', { topic, brokerName, uniqueKey, error });
  }
}

/** Nothing was sent: an ordinary database transaction with an ordinary outcome. */
async function commitAlone<Manager>(transaction: OpenTransaction<Manager>): Promise<void> {
  const outcome = await transaction.commit();
  if (outcome.kind !== 'committed') throw outcome.error;
}
