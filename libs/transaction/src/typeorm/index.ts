export { createBarrierTables, CreateHalfmqTables1764028800000 } from './tables.js';
export { TypeOrmTransactions } from './typeorm-transactions.js';
export type { Delivery, TypeOrmTransactionsOptions } from './typeorm-transactions.js';
export type {
  RunOptions,
  Send,
  TransactionCallback,
  TransactionContext,
} from '../transaction/transactions.js';
export { TypeOrmBarrier } from './typeorm-barrier.js';
export type { TypeOrmBarrierOptions } from './typeorm-barrier.js';
export { prune } from './prune.js';
export type { PruneOptions } from './prune.js';
