export { createBarrierTables, CreateHalfmqTables1764028800000 } from './tables.js';
export { TypeOrmTransactions } from './typeorm-transactions.js';
export type { TypeOrmTransactionsOptions } from './typeorm-transactions.js';
export type { Delivery } from '../transaction/inbox.js';
export type {
  RunOptions,
  Send,
  TransactionCallback,
  TransactionContext,
} from '../transaction/transactions.js';
