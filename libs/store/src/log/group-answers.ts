import type { Clock } from '@halfmq/remoting/record';
import { StoreError } from '../message-store.js';
import type { Flush } from './flush.js';
import type { Group } from './group.js';

export interface AnswersParts {
  readonly clock: Clock;
  readonly flush: Flush;
  /** SYNC_FLUSH */
  readonly sync: boolean;
  readonly syncTimeoutMs: number;
  readonly report: (error: unknown) => void;
  /** a sync that groups waited for has ended */
  readonly onSynced: (failure: StoreError | undefined) => void;
}

/**
 * When the appends of committed groups are answered. ASYNC_FLUSH: at once. SYNC_FLUSH: when a sync that began after the
 * commit has ended; those that wait for the commit alone at once, and those that wait only so long hear, when that is
 * over, that they are stored and not synced.
 */
export class GroupAnswers {
  /** groups that wait for a sync */
  private syncing = 0;
  /** appends of those that were not answered yet */
  waiting = 0;
  /** physical offset before which all are */
  answeredThrough: number;

  constructor(
    private readonly parts: AnswersParts,
    end: number,
  ) {
    this.answeredThrough = end;
  }

  /** A sync runs that committed groups wait for. */
  get isSyncing(): boolean {
    return this.syncing > 0;
  }

  /** @param end physical offset after the group */
  committed(group: Group, end: number): void {
    const { sync, report } = this.parts;
    if (sync) {
      group.answerHasty(report);
      void this.afterSync(group, end);
    } else {
      group.answer(report);
      this.answeredThrough = end;
    }
  }

  private async afterSync(group: Group, end: number): Promise<void> {
    const { clock, flush, syncTimeoutMs, report, onSynced } = this.parts;
    const { waiting } = group;
    let counted = true;
    const uncount = (): void => {
      if (!counted) return;
      counted = false;
      this.waiting -= waiting;
      this.answeredThrough = Math.max(this.answeredThrough, end);
    };
    this.waiting += waiting;
    this.syncing++;
    const cancel = clock.after(syncTimeoutMs, () => {
      uncount();
      group.answerTimed(report, late(syncTimeoutMs));
    });
    await flush.sync().catch(() => undefined);
    cancel();
    uncount();
    this.syncing--;
    group.answer(report, flush.failure);
    onSynced(flush.failure);
  }
}

function late(ms: number): StoreError {
  return new StoreError(
    'sync-timeout',
    `stored, but the disk did not sync it within ${ms} ms: it stays, and a power loss may take it`,
  );
}
