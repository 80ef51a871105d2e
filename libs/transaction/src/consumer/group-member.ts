import type { ConsumeFromWhere, ConsumerRunningInfo, QueueTable } from '@halfmq/remoting';
import type { ConsumerStatus } from './consumer-status.js';
import type { StartPosition } from './consumer-options.js';

export const COMMIT_MS = 5_000;

/** What its client has to do with a consumer, whichever kind it is. */
export interface GroupMember {
  readonly isClosed: boolean;
  /** what it does now */
  readonly status: ConsumerStatus;
  /** how it does, for RocketMQ's tools */
  readonly runningInfo: ConsumerRunningInfo;
  /** A broker tells: members of the group came or went, or it has a topic of the group now. */
  told(): void;
  /** The queues of some topic are others than they were. */
  queuesChanged(): void;
  /** How far it is in the queues of a topic it reads now: offsets of the next message that is not done. */
  offsetsIn(topic: string): QueueTable<number>;
  /** Goes on from there in those queues it reads now. Resolves when brokers were told. Never rejects. */
  goOnFrom(offsets: QueueTable<number>): Promise<void>;
  close(): Promise<void>;
}

export function fromWhere(from: StartPosition): ConsumeFromWhere {
  if (from === 'last') return 'CONSUME_FROM_LAST_OFFSET';
  return from === 'first' ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_TIMESTAMP';
}
