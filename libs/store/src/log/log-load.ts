import type { StoreLoad } from '../message-store.js';
import type { CommitLog } from './commit-log.js';
import type { Flush } from './flush.js';

/** What an append that is not answered yet holds beside its bytes: the request, its answer, its place in lists. */
const BYTES_AN_APPEND = 1024;

/** The figures of the log's end. */
export class LogLoad implements StoreLoad {
  constructor(
    private readonly commitLog: CommitLog,
    private readonly flush: Flush,
  ) {}

  get unanswered(): number {
    return this.commitLog.unanswered;
  }

  get unansweredBytes(): number {
    return this.commitLog.unansweredLength + this.commitLog.unanswered * BYTES_AN_APPEND;
  }

  get unsyncedBytes(): number {
    return this.flush.unsyncedBytes;
  }

  get blockedMs(): number {
    return this.commitLog.gate.blockedMs;
  }
}
