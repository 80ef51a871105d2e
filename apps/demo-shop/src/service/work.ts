import { Injectable } from '@nestjs/common';
import { type MessageContext, Messages, type Topic, Transactions } from '@halfmq/transaction/nest';
import { DataSource, type EntityManager } from 'typeorm';
import type { Change, Send, Step } from './change.js';
import { CrashPoints } from './crash-points.js';
import { Effect } from './effect.entity.js';
import { SupervisorLine } from './supervisor-line.js';

interface Letter {
  readonly topic: Topic<object>;
  readonly body: object;
  readonly options: { readonly delay?: string } | undefined;
}

/** Plain mode's own error: the rows are changed for good, and nobody was told. */
export class SavedButNotSent extends Error {
  override readonly name = 'SavedButNotSent';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Does steps, in the way of the mode that is switched on. */
@Injectable()
export class Work {
  constructor(
    private readonly transactions: Transactions,
    private readonly messages: Messages,
    private readonly dataSource: DataSource,
    private readonly line: SupervisorLine,
    private readonly crash: CrashPoints,
  ) {}

  /** A step that something outside of the shop asked for. */
  async onCall<T>(step: Step<T>): Promise<T> {
    if (this.line.mode === 'plain') return this.plain(null, step);
    return this.transactions.run((manager, send, transaction) => {
      return recorded(
        manager,
        send,
        { messageId: null, transactionId: transaction.id, remember: true },
        step,
      );
    });
  }

  /** A step that a message asked for: done once however often the message comes, except in plain mode. */
  async onMessage(context: MessageContext, step: Step): Promise<void> {
    const { messageId } = context.message;
    if (this.line.mode === 'plain') return this.plain(messageId, step);
    await this.transactions.once(context, (manager, send, transaction) => {
      return recorded(manager, send, { messageId, transactionId: transaction.id, remember: true }, step);
    });
  }

  /**
   * Save, then send, as it is mostly done: two systems, two moments. A process that dies between them has changed its
   * rows and told nobody; one that dies after them hears the message again and does it again.
   */
  private async plain<T>(messageId: string | null, step: Step<T>): Promise<T> {
    const letters: Letter[] = [];
    const send: Send = (topic, body, options) => {
      letters.push({ topic, body, options });
    };
    const result = await this.dataSource.transaction(async (manager) => {
      const done = await recorded(manager, send, { messageId, transactionId: null, remember: false }, step);
      this.crash.reached('after-half');
      return done;
    });
    this.crash.reached('after-commit');
    try {
      for (const { topic, body, options } of letters) await this.messages.send(topic, body, options);
    } catch (error) {
      throw new SavedButNotSent(error);
    }
    return result;
  }
}

interface Cause {
  readonly messageId: string | null;
  readonly transactionId: string | null;
  readonly remember: boolean;
}

/** Takes the step and saves its effects with it. What sent nothing has no transaction on the broker to belong to. */
async function recorded<T>(manager: EntityManager, send: Send, cause: Cause, step: Step<T>): Promise<T> {
  const done: { orderId: string; effect: string }[] = [];
  let announced = false;
  const change: Change = {
    manager,
    send: (topic, body, options) => {
      announced = true;
      send(topic, body, options);
    },
    effect: (orderId, effect) => void done.push({ orderId, effect }),
    firstTime: async (call) => !cause.remember || (await remember(manager, call)),
  };
  const result = await step(change);
  const transactionId = announced ? cause.transactionId : null;
  const effects = done.map((effect) => ({ ...effect, messageId: cause.messageId, transactionId }));
  if (effects.length > 0) await manager.insert(Effect, effects);
  return result;
}

/** Waits for a transaction that remembers the same call at this moment. */
async function remember(manager: EntityManager, call: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    'INSERT INTO calls (call) VALUES ($1) ON CONFLICT DO NOTHING RETURNING call',
    [call],
  );
  return rows.length === 1;
}
