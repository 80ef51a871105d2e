export { DrizzleTransactions } from './drizzle-transactions.js';
export type { DrizzleTransactionsOptions } from './drizzle-transactions.js';
export type { DrizzleTransaction } from './drizzle-connection.js';
export type { Delivery } from '../transaction/inbox.js';
export type {
  RunOptions,
  Send,
  TransactionCallback,
  TransactionContext,
} from '../transaction/transactions.js';
