export { PgTransactions } from './pg-transactions.js';
export type { PgTransactionsOptions } from './pg-transactions.js';
export type { Delivery } from '../transaction/inbox.js';
export type {
  RunOptions,
  Send,
  TransactionCallback,
  TransactionContext,
} from '../transaction/transactions.js';
