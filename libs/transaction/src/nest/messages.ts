import { Injectable } from '@nestjs/common';
import { PropertyName, type Log } from '@halfmq/remoting';
import { type Duration, parseDuration } from '../duration.js';
import { InvalidOption, MessageInvalid, VerdictConflict } from '../errors.js';
import {
  type OutgoingMessage,
  type ReceivedMessage,
  type SendReceipt,
  TransactionState,
} from '../message.js';
import type { Producer } from '../producer/producer.js';
import { type SendOptions, type TopicOrName, topicOf } from '../topic.js';
import type { HalfMessages } from '../transaction/half-messages.js';
import type { Transactions } from '../transaction/transactions.js';
import type { BodyChecks } from './body-checks.js';
import type { LocalTransaction } from './decorators.js';

/** The application's database transactions: what a listener without a check is executed in. */
export type Runs = Pick<Transactions<unknown>, 'run' | 'collect' | 'check' | 'preview'>;

const STATES: readonly unknown[] = Object.values(TransactionState);

/** A listener and the producer its half messages go through. */
export interface BoundListener {
  readonly group: string;
  readonly topicName: string;
  /** its class, for messages to people */
  readonly where: string;
  readonly listener: LocalTransaction<unknown>;
  readonly halves: HalfMessages;
  /** there whenever the listener has no check */
  readonly runs: Runs | undefined;
}

/** Ends a database transaction because the listener said so. */
class RolledBack extends Error {}

export interface SendInTransactionOptions extends SendOptions {
  /** which listener, where several groups listen to the topic */
  readonly group?: string | undefined;
  /** handed to `execute` as it is */
  readonly argument?: unknown;
}

export interface RequestOptions extends SendOptions {
  /** from the send to the reply */
  readonly timeout?: Duration | undefined;
}

const DEFAULT_REQUEST_TIMEOUT = '3s';
/** Characters of a reply that is not understood, in its error. */
const SHOWN_LENGTH = 64;

/** Sends messages: at once, or in a transaction that a `@TransactionListener` executes. */
@Injectable()
export class Messages {
  private listeners: readonly BoundListener[] = [];

  constructor(
    private readonly producer: Producer,
    private readonly checks: BodyChecks,
    private readonly mustBeConnected: () => void,
    private readonly log: Log,
  ) {}

  /**
   * Sends at once, whatever becomes of a database transaction around it.
   * @throws MessageInvalid, NoRoute, NoNameServer, SendFailed
   */
  async send<T>(topic: TopicOrName<T>, body: T, options?: SendOptions): Promise<SendReceipt> {
    const described = topicOf(topic);
    this.checks.outgoing(described, body);
    this.mustBeConnected();
    return this.producer.send(described.message(body, options));
  }

  /**
   * Sends a request and waits for the reply: what the `@MessageHandler` of its topic returns, as JSON.
   * @throws RequestTimedOut when nobody has answered in time (3 s unless told); MessageInvalid when the reply is no JSON;
   *   otherwise as `send`
   */
  async request<R, T = unknown>(
    topic: TopicOrName<T>,
    body: T,
    { timeout = DEFAULT_REQUEST_TIMEOUT, ...options }: RequestOptions = {},
  ): Promise<R> {
    const described = topicOf(topic);
    this.checks.outgoing(described, body);
    this.mustBeConnected();
    const message = described.message(body, options);
    const answer = await this.producer.request(message, { timeoutMs: parseDuration(timeout) });
    return repliedWith(described.name, answer.body) as R;
  }

  /**
   * Takes back a message that was sent with a delay.
   * @throws BrokerRefused when its time has come; MessageInvalid when its receipt has no recall handle
   */
  async recall({ topic, recallHandle }: SendReceipt): Promise<void> {
    this.mustBeConnected();
    await this.producer.recall(topic, recallHandle ?? '');
  }

  /**
   * What a handler has returned goes to who asks for it; a message that is no request wants nothing.
   * @internal
   */
  async reply(to: ReceivedMessage, result: unknown): Promise<void> {
    if (result === undefined || !to.properties.has(PropertyName.REPLY_TO_CLIENT)) return;
    try {
      await this.producer.reply(to, JSON.stringify(result));
    } catch (error) {
      // handled is handled: who has asked may be gone, or have waited long enough
      this.log.warn('a reply did not reach who has asked', {
        topic: to.topic,
        messageId: to.messageId,
        error,
      });
    }
  }

  /**
   * Stores a half message, lets the topic's listener execute, and ends the transaction with its answer. Unknown, or an
   * error of `execute` (which comes out unchanged), leaves the decision to the listener's `check`. A listener without
   * `check` executes in a database transaction, and the half message is stored behind it, as with `Transactions.run`.
   * @throws InvalidOption when nobody, or more than one, listens to the topic; and as `send`
   */
  async sendInTransaction<T>(
    topic: TopicOrName<T>,
    body: T,
    options: SendInTransactionOptions = {},
  ): Promise<TransactionState> {
    const { group, argument, ...rest } = options;
    const described = topicOf(topic);
    const bound = this.listenerOf(described.name, group);
    this.checks.outgoing(described, body);
    const message = described.message(body, rest);
    const execute = async (transactionId: string): Promise<TransactionState> => {
      const listened = { topic: described.name, body, keys: message.keys ?? [], transactionId };
      return bound.listener.execute(listened, argument);
    };
    return bound.runs && !bound.listener.check
      ? inDatabase(bound, bound.runs, message, execute)
      : this.withCheck(bound, message, execute);
  }

  private async withCheck(
    { where, halves }: BoundListener,
    message: OutgoingMessage,
    execute: (transactionId: string) => Promise<TransactionState>,
  ): Promise<TransactionState> {
    const half = await halves.prepare(message);
    const state = await execute(half.uniqueKey);
    if (state === TransactionState.Unknown) return state;
    if (!STATES.includes(state)) {
      throw new InvalidOption(
        `${where}.execute answered ${state}: commit, rollback or unknown expected. Its check() decides now`,
      );
    }
    try {
      await halves.end(half, state);
    } catch (error) {
      if (error instanceof VerdictConflict) throw error;
      this.log.warn('verdict not delivered, the check-back will ask', { topic: message.topic, error });
    }
    return state;
  }

  /** @internal */
  bind(listeners: readonly BoundListener[]): void {
    this.listeners = listeners;
  }

  private listenerOf(topicName: string, group: string | undefined): BoundListener {
    const found = this.listeners.filter(
      (one) => one.topicName === topicName && (group === undefined || one.group === group),
    );
    const [listener] = found;
    if (!listener) {
      throw new InvalidOption(
        `no @TransactionListener for topic ${topicName}${group === undefined ? '' : ` in group ${group}`}`,
      );
    }
    if (found.length > 1) {
      const groups = found.map((one) => one.group).join(', ');
      throw new InvalidOption(
        `topic ${topicName} has listeners in the groups ${groups}: say which with { group }`,
      );
    }
    return listener;
  }
}

/** @throws MessageInvalid */
function repliedWith(topicName: string, body: Buffer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text);
  } catch (cause) {
    const shown = JSON.stringify(text.slice(0, SHOWN_LENGTH));
    throw new MessageInvalid(
      `the reply to a request to ${topicName} is no JSON: ${shown}. Producer.request gives its bytes`,
      { cause },
    );
  }
}

/** @throws InvalidOption when the listener does not know; and as Transactions.run */
async function inDatabase(
  { where, halves }: BoundListener,
  runs: Runs,
  message: OutgoingMessage,
  execute: (transactionId: string) => Promise<TransactionState>,
): Promise<TransactionState> {
  try {
    await runs.run(async (_manager, _send, { id }) => {
      const state = await execute(id);
      if (state === TransactionState.Rollback) throw new RolledBack();
      if (state !== TransactionState.Commit) {
        throw new InvalidOption(
          `${where}.execute answered ${state}: without a check() it says commit or rollback`,
        );
      }
      runs.collect(message, halves);
    });
    return TransactionState.Commit;
  } catch (error) {
    if (error instanceof RolledBack) return TransactionState.Rollback;
    throw error;
  }
}
