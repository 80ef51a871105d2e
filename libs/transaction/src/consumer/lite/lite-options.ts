import type { Duration } from '../../duration.js';
import type { AllocationStrategy, NamedAllocation } from '../allocation-strategies.js';
import type { StartPosition } from '../consumer-options.js';

export interface LitePullOptions {
  /** whose offsets are read and committed */
  readonly group: string;
  /** where a queue begins of which the group has no offset; last unless told */
  readonly from?: StartPosition | undefined;
  /** with `subscribe`: which member reads which queues; AVG unless told */
  readonly allocation?: NamedAllocation | AllocationStrategy | undefined;
  /** messages of one `poll` at most; 32 unless told */
  readonly batch?: number | undefined;
  /**
   * yes, unless told: a message counts as done with the next `poll` (or the next turn of the loop), and how far that is is
   * committed every 5 s. false: with `commit` alone; while 1,000 messages of a queue are not done, no more of it is pulled.
   */
  readonly autoCommit?: boolean | undefined;
}

/** A place to go on from: an offset, the oldest message, behind the newest, or the first stored at a time or later. */
export type SeekTarget = number | 'first' | 'last' | Date;

/** Messages of one `poll` at most, unless told. */
export const BATCH = 32;

/** How long `poll` waits unless told, as RocketMQ's. */
export const POLL_TIMEOUT: Duration = '5s';
