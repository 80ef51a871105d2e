import { channel } from 'node:diagnostics_channel';

/**
 * What this package tells whoever subscribes (node:diagnostics_channel); free without a subscriber. Published
 * synchronously at the step it names, so a test can end the process exactly there.
 *
 * - `halfmq:transaction:before-half`       `{ transactionId }`: the callback has ended, half messages come next
 * - `halfmq:transaction:after-half`        `{ transactionId }`: all half messages are stored, COMMIT comes next
 * - `halfmq:transaction:after-commit`      `{ transactionId }`: the database has committed, END comes next
 * - `halfmq:transaction:after-end`         `{ transactionId }`: the brokers have heard, or the check will tell them
 * - `halfmq:transaction:after-outbox`      `{ transactionId }`: its messages are in the outbox, COMMIT comes next
 * - `halfmq:transaction:after-relay`       `{ topic, uniqueKey }`: a message of the outbox is stored, its row still there
 * - `halfmq:transaction:verdict-conflict`  `{ transactionId, error }`: a broker was told otherwise before
 * - `halfmq:transaction:check`             `{ transactionId, answer }`: a check-back was answered
 * - `halfmq:transaction:duplicate`         `{ group, topic, messageId }`: a message came that was handled before
 * - `halfmq:transaction:work`              `{ work }`: a handler, check, verdict or run has begun; the promise is its end
 * - `halfmq:transaction:handled`           `{ group, message, error }`: a handler has ended, `error` is what it threw
 */
export const channels = {
  beforeHalf: channel('halfmq:transaction:before-half'),
  afterHalf: channel('halfmq:transaction:after-half'),
  afterCommit: channel('halfmq:transaction:after-commit'),
  afterEnd: channel('halfmq:transaction:after-end'),
  afterOutbox: channel('halfmq:transaction:after-outbox'),
  afterRelay: channel('halfmq:transaction:after-relay'),
  verdictConflict: channel('halfmq:transaction:verdict-conflict'),
  check: channel('halfmq:transaction:check'),
  duplicate: channel('halfmq:transaction:duplicate'),
  work: channel('halfmq:transaction:work'),
  handled: channel('halfmq:transaction:handled'),
};
