import type { Log } from '@halfmq/remoting';
import { channels } from '../channels.js';
import { InvalidOption, VerdictConflict } from '../errors.js';
import { type HalfReceipt, TransactionState } from '../message.js';
import type { Barrier, BarrierStamp, BarrierState, OpenTransaction } from './barrier.js';
import type { Detour } from './detour.js';
import { type HalfMessages, stamped } from './half-messages.js';
import type { OutboxRows } from './outbox.js';
import type { Scope } from './scope.js';

export interface SendingParts<Manager> {
  readonly barrier: Barrier<Manager>;
  readonly log: Log;
  /** where the messages go when no broker takes them; undefined: nowhere */
  readonly detour: Detour<Manager> | undefined;
}

/** A half message that a broker has stored. */
interface StoredHalf {
  readonly half: HalfReceipt;
  readonly via: HalfMessages;
}

/** By what the database did. */
const CONFLICT = {
  commit: 'committed, but a broker has rolled the messages back',
  rollback: 'rolled back, but a broker has committed the messages',
} as const;

interface Failure {
  readonly topic: string;
  readonly error: unknown;
}

/**
 * The messages of one attempt, on their way along its database transaction.
 *
 *   prepare ── every half stored ─▶ COMMIT ── done ─▶ finish: END commit
 *      │                               └ refused ─▶ undo: END rollback
 *      ├── one failed ─▶ ROLLBACK ─▶ undo: END rollback
 *      └── one failed, detour ─▶ rows in the outbox ─▶ COMMIT with "no" in the barrier ─▶ finish: END rollback, relay
 */
export class Sending<Manager> {
  private stamp: BarrierStamp | undefined;
  private stored: readonly StoredHalf[] = [];
  private detoured = false;

  constructor(
    private readonly parts: SendingParts<Manager>,
    private readonly transaction: OpenTransaction<Manager>,
    private readonly scope: Scope<Manager>,
  ) {}

  /** Rejects when the transaction must not commit: then roll it back, and `undo`. */
  async prepare(): Promise<void> {
    const { messages, transactionId } = this.scope;
    const { detour } = this.parts;
    if (messages.length === 0) return;
    if (detour && (await detour.isDue(this.outbox, messages))) return this.goAround(detour);
    this.stamp = await this.transaction.record(transactionId);
    channels.beforeHalf.publish({ transactionId });
    const failures = await this.store(this.stamp);
    const [failure] = failures;
    if (!failure) {
      detour?.reached(messages);
      channels.afterHalf.publish({ transactionId });
      return;
    }
    const around = detour && failures.every(({ error, topic }) => detour.leadsAround(error, topic));
    if (!around) throw failure.error;
    await this.goAround(detour);
  }

  /** What half messages that were sent will find, when they ask: those of messages in the outbox are not to be delivered. */
  get row(): BarrierState {
    return this.detoured ? 'rolled_back' : 'committed';
  }

  /** The database has committed. @throws VerdictConflict */
  async finish(): Promise<void> {
    const { transactionId, messages } = this.scope;
    if (messages.length === 0) return;
    channels.afterCommit.publish({ transactionId });
    if (this.detoured) {
      this.parts.detour?.written();
      await this.undo();
    } else {
      const conflict = await this.endAll(TransactionState.Commit);
      if (conflict) throw conflict;
    }
    channels.afterEnd.publish({ transactionId });
  }

  /** Tells the brokers "rollback", once that is written down. The caller has an error already, and gets no other. */
  async undo(): Promise<void> {
    if (!this.stamp || this.stored.length === 0) return;
    if ((await this.parts.barrier.decide(this.stamp)) !== TransactionState.Rollback) return;
    await this.endAll(TransactionState.Rollback);
  }

  private async store(stamp: BarrierStamp): Promise<Failure[]> {
    const sent = await Promise.all(
      this.scope.messages.map(({ message, via }) =>
        via.prepare(stamped(message, stamp)).then(
          (half): StoredHalf => ({ half, via }),
          (error: unknown): Failure => ({ topic: message.topic, error }),
        ),
      ),
    );
    this.stored = sent.filter((one) => 'half' in one);
    return sent.filter((one) => 'error' in one);
  }

  private async goAround(detour: Detour<Manager>): Promise<void> {
    const { transactionId, messages } = this.scope;
    await detour.keep(this.outbox, transactionId, messages);
    this.detoured = true;
    channels.afterOutbox.publish({ transactionId });
  }

  private get outbox(): OutboxRows {
    const { outbox } = this.transaction;
    if (!outbox) throw new InvalidOption(NO_OUTBOX);
    return outbox;
  }

  /**
   * What a broker does not answer is finished by the check. An opposite verdict stands: it is told.
   * @returns the first one
   */
  private async endAll(verdict: TransactionState): Promise<VerdictConflict | undefined> {
    const conflicts: VerdictConflict[] = [];
    const endOne = async ({ half, via }: StoredHalf): Promise<void> => {
      try {
        await via.end(half, verdict);
      } catch (error) {
        if (error instanceof VerdictConflict) conflicts.push(error);
        else this.left(half, error);
      }
    };
    await Promise.all(spokesmen(this.stored).map(endOne));
    const [error] = conflicts;
    if (!error) return undefined;
    const { transactionId } = this.scope;
    channels.verdictConflict.publish({ transactionId, error });
    this.parts.log.error(CONFLICT[error.wanted], { transactionId, error });
    return error;
  }

  private left(half: HalfReceipt, error: unknown): void {
    const { topic, brokerName, uniqueKey } = half;
    this.parts.log.warn('verdict not delivered, the check-back will ask', {
      topic,
      brokerName,
      uniqueKey,
      error,
    });
  }
}

/** Where a broker ends all half messages of the transaction together, the first one speaks for all of its group. */
function spokesmen(stored: readonly StoredHalf[]): readonly StoredHalf[] {
  if (stored.length === 1) return stored;
  const spoken = new Set<string>();
  return stored.filter(({ half: { brokerName, group, endsTogether } }) => {
    const place = JSON.stringify([brokerName, group]);
    if (endsTogether !== true || !spoken.has(place)) {
      spoken.add(place);
      return true;
    }
    return false;
  });
}

export const NO_OUTBOX =
  "whenUnreachable: 'outbox' needs a database that keeps an outbox (PostgreSQL) and a TransactionProducer to relay by";
