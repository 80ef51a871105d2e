import { STATUS, type StatusName } from '@halfmq/remoting';
import type { HalfmqErrorCode } from './error-codes.js';

/** The base of all of them: `code` to branch on; the message says what happened and what to do. */
export class HalfmqError extends Error {
  override readonly name: string;

  constructor(
    readonly code: HalfmqErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option or an argument that cannot mean anything. The message says what was expected and what came. */
export class InvalidOption extends HalfmqError {
  constructor(message: string) {
    super('INVALID_OPTION', message);
  }
}

/** A message no broker would take: its topic, size, key or a property. Nothing was sent. */
export class MessageInvalid extends HalfmqError {
  constructor(message: string, options?: ErrorOptions) {
    super('MESSAGE_INVALID', message, options);
  }
}

/** The client, producer or consumer was used before `start` or after `close`. */
export class ClientClosed extends HalfmqError {
  constructor(what: string) {
    super('CLIENT_CLOSED', `${what}: start the client first, and do not use it after close()`);
  }
}

/** None of the name servers answered. */
export class NoNameServer extends HalfmqError {
  /** @param failures one line a name server: its address and what went wrong */
  constructor(
    readonly addresses: readonly string[],
    failures: readonly string[],
  ) {
    super(
      'NO_NAME_SERVER',
      `no name server answered: ${failures.join('; ')}. Start one (halfmq namesrv) or correct nameServers.`,
    );
  }
}

/** No broker is known for the topic. */
export class NoRoute extends HalfmqError {
  constructor(
    readonly topic: string,
    detail: string,
  ) {
    super(
      'NO_ROUTE',
      `no route for topic ${topic}: ${detail}. Start a broker that knows these name servers; create the topic, ` +
        'or set autoCreateTopicEnable=true on a broker.',
    );
  }
}

/** No connection to the address a broker has told the name server. */
export class BrokerUnreachable extends HalfmqError {
  constructor(
    readonly brokerName: string,
    readonly address: string,
    options?: ErrorOptions,
  ) {
    super(
      'BROKER_UNREACHABLE',
      `cannot connect to broker ${brokerName} at ${address}, the address it advertises. If the broker is running, ` +
        'set brokerIP1 in its configuration to an address that can be reached from here.',
      options,
    );
  }
}

/** A broker answered, and said no. */
export class BrokerRefused extends HalfmqError {
  constructor(
    readonly brokerName: string,
    readonly address: string,
    readonly status: StatusName,
    /** the response code as it came: status is SYSTEM_ERROR for codes this library does not know */
    readonly responseCode: number,
    readonly remark: string,
  ) {
    const { meaning, hint } = STATUS[status];
    super(
      'BROKER_REFUSED',
      `broker ${brokerName} at ${address} answered ${status} (${responseCode}), ${meaning}` +
        `${remark ? `: ${remark}` : ''}.${hint ? ` ${hint}` : ''}`,
    );
  }
}

/** A request was stored, and no reply came in time: whoever handles it may still do so. */
export class RequestTimedOut extends HalfmqError {
  constructor(
    readonly topic: string,
    readonly timeoutMs: number,
  ) {
    super(
      'REQUEST_TIMED_OUT',
      `request to ${topic}: no reply within ${timeoutMs} ms. Is a consumer of the topic running, and does it reply? ` +
        'It may still handle the request.',
    );
  }
}

/** No attempt to send was answered with success. `cause` is the last attempt's error. */
export class SendFailed extends HalfmqError {
  constructor(
    readonly topic: string,
    /** may a broker have stored the message although it did not answer? */
    readonly maybeStored: boolean,
    attempts: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      'SEND_FAILED',
      `message to ${topic} not sent: ${attempts.map((line, index) => `(${index + 1}) ${line}`).join(' ')}` +
        (maybeStored
          ? ' A broker may have stored it without answering: sending it again may deliver it twice.'
          : ' Nothing was stored.'),
      options,
    );
  }
}

/** What a broker said of the verdict that came first. An older broker says the verdict alone. */
export interface Decided {
  readonly verdict: 'commit' | 'rollback';
  readonly by?: 'producer' | 'check' | 'operator' | undefined;
  /** the operator's name */
  readonly operator?: string | undefined;
  /** on the broker's clock */
  readonly at?: Date | undefined;
  readonly reason?: string | undefined;
}

/** The broker has decided this transaction before, the other way round; the first verdict is final. */
export class VerdictConflict extends HalfmqError {
  constructor(
    readonly transactionId: string,
    /** the verdict that stands: which, whose, when and why */
    readonly decided: Decided,
    readonly wanted: 'commit' | 'rollback',
  ) {
    super(
      'VERDICT_CONFLICT',
      `transaction ${transactionId} was ended with ${decided.verdict} before${circumstances(decided)}; ${wanted} ` +
        'comes too late. The message is ' +
        (decided.verdict === 'commit'
          ? 'delivered: undo by hand what it announces.'
          : 'not delivered: send it again if what it announces did happen.'),
    );
  }
}

function circumstances({ by, operator, at, reason }: Decided): string {
  const who = by === undefined ? '' : ` by ${operator === undefined ? by : `${by} ${operator}`}`;
  const when = at === undefined ? '' : ` at ${at.toISOString()}`;
  return `${who}${when}${reason ? ` (${reason})` : ''}`;
}

/** A check was answered with "no" before the transaction could commit; that answer is final, nothing happened. */
export class TransactionRolledBack extends HalfmqError {
  constructor(
    readonly transactionId: string,
    options?: ErrorOptions,
  ) {
    super(
      'TRANSACTION_ROLLED_BACK',
      `transaction ${transactionId} was recorded as rolled back before it could commit: a check was answered with ` +
        '"no", which is final. Nothing happened; do the work again in a new transaction.',
      options,
    );
  }
}

/** The database did not say whether it committed. No verdict was sent: the check-back will find out and decide. */
export class TransactionOutcomeUnknown extends HalfmqError {
  constructor(
    readonly transactionId: string,
    options?: ErrorOptions,
  ) {
    super(
      'TRANSACTION_OUTCOME_UNKNOWN',
      `transaction ${transactionId}: the connection to the database was lost during COMMIT. The messages follow the ` +
        'database in any case; before repeating the work, look whether it was done.',
      options,
    );
  }
}

/** Thrown by a handler: this message will never succeed, put it into the dead-letter topic now. */
export class DeadLetter extends HalfmqError {
  constructor(reason: string, options?: ErrorOptions) {
    super('DEAD_LETTER', reason, options);
  }
}

/** Thrown by a handler: this message is nothing to it. It is done with, and told in the log, unlike one it has handled. */
export class Skip extends HalfmqError {
  constructor(reason: string, options?: ErrorOptions) {
    super('SKIP', reason, options);
  }
}

/** A handler has not ended in time. Its message comes again; what it still does is its own affair. */
export class HandlerTimedOut extends HalfmqError {
  constructor(readonly timeoutMs: number) {
    super(
      'HANDLER_TIMED_OUT',
      `the handler has not ended within ${timeoutMs} ms: its message comes again, so it may be handled twice at a time. ` +
        'Let it end when its signal aborts, or give it a longer timeout.',
    );
  }
}

/** A popped message was not renewed in time: another member may have it, and what becomes of it here counts for nothing. */
export class LeaseLost extends HalfmqError {
  constructor(readonly messageId: string) {
    super(
      'LEASE_LOST',
      `message ${messageId} is not this member's any more: its broker could not be told in time that it is being handled. ` +
        'It comes again, so it may be handled twice at a time. Let the handler end when its signal aborts.',
    );
  }
}

/**
 * Thrown by a handler: deliver this message again after about this long. RocketMQ waits in levels (1s 5s 10s 30s,
 * 1m to 10m by the minute, 20m 30m 1h 2h): the nearest that is not shorter is taken, 2h at most. An ordered consumer
 * waits exactly this long, and its queue with it.
 */
export class RetryIn extends HalfmqError {
  constructor(
    /** milliseconds or text, see parseDuration */
    readonly delay: number | string,
    reason = `deliver again in ${delay}`,
    options?: ErrorOptions,
  ) {
    super('RETRY_IN', reason, options);
  }
}

/**
 * Thrown by a handler whose downstream is away: this member hands nothing to its handlers for so long, then this message
 * comes again. No attempt is used up. Other members of the group find out by themselves.
 */
export class PauseGroup extends HalfmqError {
  constructor(
    /** milliseconds or text, see parseDuration */
    readonly delay: number | string,
    reason = `hand out nothing for ${delay}`,
    options?: ErrorOptions,
  ) {
    super('PAUSE_GROUP', reason, options);
  }
}
