import type { ConsumeFromWhere } from '@halfmq/remoting';
import type { StartPosition } from './consumer-options.js';

export const COMMIT_MS = 5_000;

/** What its client has to do with a consumer, whichever kind it is. */
export interface GroupMember {
  readonly isClosed: boolean;
  /** Members or queues came or went. */
  membersChanged(): void;
  close(): Promise<void>;
}

export function fromWhere(from: StartPosition): ConsumeFromWhere {
  if (from === 'last') return 'CONSUME_FROM_LAST_OFFSET';
  return from === 'first' ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_TIMESTAMP';
}
