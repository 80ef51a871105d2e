export { every, ManualClock, silentLog, systemClock } from '@halfmq/remoting';
export type { Cancel, Clock, Log } from '@halfmq/remoting';
export * from './duration.js';
export * from './error-codes.js';
export * from './errors.js';
export * from './message.js';
export type {
  ClientOptions,
  ProducerOptions,
  TraceOptions,
  TransactionProducerOptions,
} from './client-options.js';
export type {
  AnyConsumerOptions,
  BatchConsumerOptions,
  ConsumerOptions,
  ConsumerSettings,
  OnPoison,
  StartPosition,
} from './consumer/consumer-options.js';
export { backoff, type BackoffOptions, type RetryPolicy } from './consumer/retry.js';
export {
  byConfig,
  byMachineRoom,
  byMachineRoomNearby,
  type AllocationStrategy,
  type MachineRooms,
  type NamedAllocation,
} from './consumer/allocation-strategies.js';
export type { BatchContext, HandlesBatches, HandlesOne, HandlingContext } from './consumer/handling.js';
export type * from './hook.js';
export { HalfmqClient } from './client.js';
export { Producer } from './producer/producer.js';
export type { Answer } from './producer/replies.js';
export { EVERY_TOPIC, TransactionProducer } from './transaction/transaction-producer.js';
export type { ConsumerStatus, QueueStatus } from './consumer/consumer-status.js';
export { PushConsumer } from './consumer/push-consumer.js';
export { LitePull } from './consumer/lite/lite-pull.js';
export type { LitePullOptions, SeekTarget } from './consumer/lite/lite-options.js';
export type { MessageQueue } from '@halfmq/remoting';
export { sql, type Selector } from './selector.js';
export {
  cloudEventOf,
  type CloudEvent,
  type CloudEventsOptions,
  type ExtensionValue,
} from './cloud-events.js';
export * from './topic.js';
export { barrierMigration } from './database/migration.js';
export type { DialectName } from './database/dialect.js';
export type * from './transaction/barrier.js';
export type * from './transaction/callback.js';
export type * from './transaction/outbox.js';
export type * from './transaction/half-messages.js';
