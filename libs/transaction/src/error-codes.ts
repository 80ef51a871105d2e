/** One line of the closed list of errors: what happened, and what to do. docs/errors.md is made of it. */
export interface ErrorEntry {
  /** the class that carries the code */
  readonly thrownAs: string;
  readonly meaning: string;
  readonly hint: string;
}

/** Every error this library throws by itself: the list is closed. What a user's own callback throws comes through unchanged. */
export const HALFMQ_ERRORS = {
  INVALID_OPTION: {
    thrownAs: 'InvalidOption',
    meaning: 'an option or an argument cannot mean anything',
    hint: 'The message says what was expected and what came.',
  },
  MESSAGE_INVALID: {
    thrownAs: 'MessageInvalid',
    meaning: 'a message no broker would take: its topic, size, key or a property; nothing was sent',
    hint: 'The message names the limit.',
  },
  CLIENT_CLOSED: {
    thrownAs: 'ClientClosed',
    meaning: 'client, producer or consumer was used before start or after close',
    hint: 'Start the client first; send nothing once it closes.',
  },
  NO_NAME_SERVER: {
    thrownAs: 'NoNameServer',
    meaning: 'none of the name servers answered',
    hint: 'Start one (`halfmq namesrv`) or correct nameServers.',
  },
  NO_ROUTE: {
    thrownAs: 'NoRoute',
    meaning: 'no broker is known for the topic',
    hint: 'Start a broker that knows these name servers; create the topic or allow autoCreateTopicEnable.',
  },
  BROKER_UNREACHABLE: {
    thrownAs: 'BrokerUnreachable',
    meaning: 'no connection to the address the broker advertises',
    hint: 'Set brokerIP1 of the broker to an address that can be reached from here.',
  },
  BROKER_REFUSED: {
    thrownAs: 'BrokerRefused',
    meaning: 'a broker answered, and said no',
    hint: 'Its `status` is a name of the table above.',
  },
  SEND_FAILED: {
    thrownAs: 'SendFailed',
    meaning: 'no attempt to send was answered with success',
    hint: '`maybeStored` says whether sending again may deliver it twice; `cause` is the last attempt.',
  },
  REQUEST_TIMED_OUT: {
    thrownAs: 'RequestTimedOut',
    meaning: 'a request was stored, and no reply came in time',
    hint: 'Start a consumer of its topic that replies; the request may still be handled.',
  },
  VERDICT_CONFLICT: {
    thrownAs: 'VerdictConflict',
    meaning: 'the broker has decided this transaction before, the other way round',
    hint: 'Reconcile by hand: `decided` has verdict, who, when and why; the message says what became of it.',
  },
  TRANSACTION_ROLLED_BACK: {
    thrownAs: 'TransactionRolledBack',
    meaning: 'a check was answered with "no" before the transaction could commit; nothing happened',
    hint: 'Do the work again in a new transaction.',
  },
  TRANSACTION_OUTCOME_UNKNOWN: {
    thrownAs: 'TransactionOutcomeUnknown',
    meaning: 'the connection to the database was lost during COMMIT; the check-back will decide',
    hint: 'Before repeating the work, look whether it was done.',
  },
  DEAD_LETTER: {
    thrownAs: 'DeadLetter',
    meaning: 'thrown by a handler: this message will never succeed',
    hint: 'It lies in `%DLQ%` and the group.',
  },
  SKIP: {
    thrownAs: 'Skip',
    meaning: 'thrown by a handler: the message is nothing to it, and is done with',
    hint: 'Nothing to do; a line in the log tells of it.',
  },
  HANDLER_TIMED_OUT: {
    thrownAs: 'HandlerTimedOut',
    meaning: 'a handler has not ended in time; its message comes again',
    hint: 'Let it end when its signal aborts, or give it a longer `timeout`.',
  },
  LEASE_LOST: {
    thrownAs: 'LeaseLost',
    meaning: 'a popped message was not renewed in time; it comes again, maybe to another member',
    hint: 'Let the handler end when its signal aborts; give `invisibleTime` more than the broker is ever away.',
  },
  RETRY_IN: {
    thrownAs: 'RetryIn',
    meaning: 'thrown by a handler: deliver this message again after about this long',
    hint: 'Nothing to do: it comes again.',
  },
  PAUSE_GROUP: {
    thrownAs: 'PauseGroup',
    meaning: 'thrown by a handler: what it needs is away, so nothing is handed out for a while',
    hint: 'Nothing to do: the message comes again, and no attempt is used up.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type HalfmqErrorCode = keyof typeof HALFMQ_ERRORS;
