export { HalfmqModule } from './halfmq.module.js';
export type { HalfmqModuleAsyncOptions, HalfmqModuleOptions, MakeTransactions } from './options.js';
export { Compensable, MessageHandler, TransactionListener, Tx } from './decorators.js';
export type {
  CompensableOptions,
  ListenedMessage,
  LocalTransaction,
  MessageHandlerOptions,
  TransactionListenerOptions,
} from './decorators.js';
export { MessageContext } from './message-context.js';
export { BatchMessageContext } from './batch-context.js';
export { Transactions, TransactionsOn } from './transactions.js';
export { HalfmqHealth } from './health.js';
export type { GroupHealth, HalfmqHealthReport, HealthOptions } from '../health.js';
export { Messages } from './messages.js';
export type { RequestOptions, SendInTransactionOptions } from './messages.js';
export type { Delivery } from '../transaction/inbox.js';
export type { CancelOutcome, CompensablePair, TryOutcome } from '../transaction/compensable.js';
export type {
  RunOptions,
  Send,
  TransactionCallback,
  TransactionContext,
  WhenUnreachable,
} from '../transaction/callback.js';
export { backoff, type BackoffOptions, type RetryPolicy } from '../consumer/retry.js';
export type { OnPoison } from '../consumer/consumer-options.js';
export { sql, type Selector } from '../selector.js';
export { cloudEventOf, type CloudEvent, type CloudEventsOptions } from '../cloud-events.js';
export * from '../topic.js';
export * from '../errors.js';
export * from '../duration.js';
export * from '../message.js';
export { HalfmqClient } from '../client.js';
export { LitePull } from '../consumer/lite/lite-pull.js';
export type { LitePullOptions, SeekTarget } from '../consumer/lite/lite-options.js';
export { Ctx, Payload } from '@nestjs/microservices';
