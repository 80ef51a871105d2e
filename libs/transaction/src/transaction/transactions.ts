import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { type Clock, type Log, systemClock } from '@halfmq/remoting';
import { channels } from '../channels.js';
import { InvalidOption, TransactionOutcomeUnknown } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { OutgoingMessage, ReceivedMessage } from '../message.js';
import { TransactionState } from '../message.js';
import { topicOf } from '../topic.js';
import type { Barrier, BarrierPreview, OpenTransaction, Step, StepFound } from './barrier.js';
import type { BodyCheck, RunOptions, Send, TransactionCallback, WhenUnreachable } from './callback.js';
import { CompensablePair } from './compensable.js';
import { Detour } from './detour.js';
import { type HalfMessages, stampOf } from './half-messages.js';
import { type Delivery, inboxKeyOf } from './inbox.js';
import { Scope } from './scope.js';
import { NO_OUTBOX, Sending } from './sending.js';

export type * from './callback.js';

export interface TransactionsParts<Manager> {
  readonly barrier: Barrier<Manager>;
  readonly halves: HalfMessages;
  readonly log: Log;
  readonly clock?: Clock | undefined;
  readonly checkBody?: BodyCheck | undefined;
  /** fail unless told */
  readonly whenUnreachable?: WhenUnreachable | undefined;
}

/**
 * "Change my database and send messages" as one act, for any database behind the `Barrier` port.
 *
 *     BEGIN ─▶ callback ─▶ half messages ─▶ barrier row, COMMIT ─▶ END commit
 *                 │              │               ├ refused ─▶ "no" recorded ─▶ END rollback ─▶ throws
 *                 │              │               └ no answer ─▶ TransactionOutcomeUnknown, no END
 *                 │              └ one failed ─▶ ROLLBACK ─▶ "no" recorded ─▶ END rollback ─▶ throws
 *                 └ throws ─▶ ROLLBACK, nothing was sent, the error comes out unchanged
 *
 * The row goes to the database with COMMIT, in one message where it takes one (PostgreSQL), else after the callback and
 * before the first half message. So a run that sends nothing leaves no row, and no round trip is spent on one. A check
 * that comes before the row has written "no" first, and the row, and with it the commit, is refused; one that comes
 * while COMMIT waits for its disk meets the row's lock and answers nothing. A transaction the callback has broken (a
 * failed statement whose error it swallowed) is found out before anything is sent, where PostgreSQL would have answered
 * COMMIT with a quiet rollback.
 *
 * Whatever dies on this way, the broker asks, and `check` answers from the row.
 */
export class Transactions<Manager> {
  private readonly scopes = new AsyncLocalStorage<Scope<Manager>>();
  private readonly runs = new InFlight(channels.work);
  private readonly detour: Detour<Manager> | undefined;
  private duplicateCount = 0;

  /** @throws InvalidOption for an outbox where there is none */
  constructor(private readonly parts: TransactionsParts<Manager>) {
    const { barrier, halves, log, clock = systemClock } = parts;
    const sends = halves.keyed;
    this.detour = sends && barrier.keepsOutbox ? new Detour({ barrier, sends, clock, log }) : undefined;
    this.detourOf(parts.whenUnreachable);
  }

  /** How many deliveries `once` has found to be handled before. */
  get duplicates(): number {
    return this.duplicateCount;
  }

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
    const { attempts = 1 } = options;
    if (!(Number.isInteger(attempts) && attempts > 0)) {
      throw new InvalidOption(`attempts: a whole number from 1 on expected, got ${attempts}`);
    }
    const outer = this.scopes.getStore();
    if (outer?.open) return outer.nest((scope) => this.call(scope, callback));
    return this.runs.track(this.attempts(callback, attempts, options));
  }

  /**
   * `run` for a message a group is handling: the callback's writes, the messages it sends and the mark that this
   * message was handled commit together, so that a second delivery changes nothing.
   * @returns false when the message was handled before; the callback did not run then
   */
  async once(
    delivery: Delivery,
    callback: TransactionCallback<Manager, unknown>,
    options: RunOptions = {},
  ): Promise<boolean> {
    return this.run(async (manager, send, transaction) => {
      const first = await this.current.mark(inboxKeyOf(delivery));
      if (first) await callback(manager, send, transaction);
      else this.repeated(delivery);
      return first;
    }, options);
  }

  /** An action that can be undone, see CompensablePair. @param name the same for both halves of the pair */
  compensable(name: string): CompensablePair<Manager> {
    return new CompensablePair((step, callback, options) => this.step(step, callback, options), name);
  }

  /** The broker's question about a half message nobody ended: answered from the barrier row. */
  async check(message: ReceivedMessage): Promise<TransactionState> {
    const stamp = stampOf(message);
    const answer = stamp ? await this.parts.barrier.decide(stamp) : TransactionState.Unknown;
    if (!stamp)
      this.parts.log.warn('asked about a half message that no run has sent', { topic: message.topic });
    else channels.check.publish({ transactionId: stamp.transactionId, answer });
    return answer;
  }

  /** What the barrier row says of a half message now; decides nothing. */
  async preview(message: ReceivedMessage): Promise<BarrierPreview> {
    const stamp = stampOf(message);
    return stamp ? this.parts.barrier.preview(stamp) : TransactionState.Unknown;
  }

  /**
   * Adds a message of another producer group to the `run` this is called in.
   * @internal
   */
  collect(message: OutgoingMessage, via: HalfMessages): void {
    const scope = this.scopes.getStore();
    if (!scope) throw new InvalidOption(`a message to ${message.topic} was added outside of a transaction`);
    scope.collect({ message, via });
  }

  /** Resolves when no `run` is under way, also none that began meanwhile. */
  settled(): Promise<void> {
    return this.runs.settled();
  }

  /** Begins to relay what waits in the outbox, also of processes that have died. */
  protected startRelay(): void {
    this.detour?.start();
  }

  /** Resolves when the batch under way is sent; the rest waits. */
  protected async stopRelay(): Promise<void> {
    await this.detour?.stop();
  }

  private get current(): OpenTransaction<Manager> {
    const scope = this.scopes.getStore();
    if (!scope) throw new InvalidOption('there is no transaction here');
    return scope.transaction;
  }

  private async step(
    step: Step,
    callback: TransactionCallback<Manager, unknown>,
    options: RunOptions | undefined,
  ): Promise<StepFound> {
    return this.run(async (manager, send, transaction) => {
      const found = await this.current.enter(step);
      if (found === 'first') await callback(manager, send, transaction);
      return found;
    }, options);
  }

  private repeated({ group, message: { topic, messageId } }: Delivery): void {
    this.duplicateCount++;
    channels.duplicate.publish({ group, topic, messageId });
  }

  private async attempts<R>(
    callback: TransactionCallback<Manager, R>,
    attempts: number,
    options: RunOptions,
  ): Promise<R> {
    const { barrier, log } = this.parts;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(callback, options);
      } catch (error) {
        if (attempt >= attempts || !barrier.worthAnotherAttempt(error)) throw error;
        log.debug('transaction is tried again', { attempt, error });
      }
    }
  }

  private async attempt<R>(callback: TransactionCallback<Manager, R>, options: RunOptions): Promise<R> {
    const { barrier, log, whenUnreachable } = this.parts;
    const detour = this.detourOf(options.whenUnreachable ?? whenUnreachable);
    const transaction = await barrier.begin(options.isolation);
    const scope = new Scope(transaction, randomUUID());
    const sending = new Sending({ barrier, log, detour }, transaction, scope);
    let result: R;
    try {
      result = await this.call(scope, callback);
      transaction.seal();
      await sending.prepare();
    } catch (error) {
      await transaction.rollback();
      await sending.undo();
      throw error;
    }
    const outcome = await transaction.commit(sending.row);
    if (outcome.kind === 'refused') await sending.undo();
    if (outcome.kind !== 'committed') throw refusal(outcome, scope);
    await sending.finish();
    return result;
  }

  private call<R>(scope: Scope<Manager>, callback: TransactionCallback<Manager, R>): Promise<R> {
    const { checkBody, halves } = this.parts;
    const send: Send = (topic, body, options) => {
      checkBody?.(topic, body);
      scope.collect({ message: topicOf(topic).message(body, options), via: halves });
    };
    const context = { id: scope.transactionId };
    const { manager } = scope.transaction;
    return scope.during(() => this.scopes.run(scope, async () => callback(manager, send, context)));
  }

  private detourOf(whenUnreachable: WhenUnreachable = 'fail'): Detour<Manager> | undefined {
    if (whenUnreachable === 'fail') return undefined;
    if (whenUnreachable !== 'outbox') {
      throw new InvalidOption(
        `whenUnreachable: 'fail' or 'outbox' expected, got ${JSON.stringify(whenUnreachable)}`,
      );
    }
    if (!this.detour) throw new InvalidOption(NO_OUTBOX);
    return this.detour;
  }
}

/** Without messages it was an ordinary database transaction, with an ordinary outcome. */
function refusal(
  { kind, error }: { readonly kind: 'refused' | 'unknown'; readonly error: unknown },
  { messages, transactionId }: Scope<unknown>,
): unknown {
  if (kind === 'refused' || messages.length === 0) return error;
  return new TransactionOutcomeUnknown(transactionId, { cause: error });
}
