import type { Cancel, Clock, Log } from '@halfmq/remoting/record';
import { LITTLE_ROOM, roomAt } from '../disk-room.js';
import { StoreError } from '../message-store.js';
import type { Flush } from './flush.js';

const PROBE_MS = 1000;
/** A commit that takes longer is told to who asks. */
const NOTABLE_MS = 50;

/**
 * Whether appends are taken.
 *
 *   open ── commit failed ──▶ refusing ── probe write succeeded ──▶ open
 *   open, refusing ── close, failed sync ──▶ ended (forward only)
 */
export class WriteGate {
  private refusal: StoreError | undefined;
  private cancelProbe: Cancel | undefined;
  /** how long the last commit kept everybody waiting; 0 once those who waited in their sockets were served */
  blockedMs = 0;

  /** @param probe a small write; throws while there is no room for it */
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly path: string,
    private readonly flush: Flush,
    private readonly probe: () => void,
  ) {}

  /** The log is another store's: appends are refused, what is copied is taken. */
  following = false;

  get isOpen(): boolean {
    return !this.following && this.refusal === undefined && this.flush.failure === undefined;
  }

  /** @throws StoreError disk-full, failed, closed */
  check(): void {
    if (this.following)
      throw new StoreError('failed', 'this store follows another: only that one is written to');
    this.checkDisk();
  }

  /** @throws StoreError disk-full, failed, closed */
  checkDisk(): void {
    const refusal = this.flush.failure ?? this.refusal;
    if (refusal) throw refusal;
  }

  /** A commit took so long: the page cache takes no more, or the disk is slow. Sockets are read before this is forgotten. */
  took(ms: number): void {
    if (ms < NOTABLE_MS) return;
    this.blockedMs = ms;
    setImmediate(() => {
      this.blockedMs = 0;
    });
  }

  refuse(cause: unknown): StoreError {
    if (this.flush.failure) return this.flush.failure;
    const refusal = this.reason(cause);
    this.log.error(refusal.message, { cause });
    if (this.refusal?.kind === 'closed') return refusal;
    this.refusal = refusal;
    this.cancelProbe?.();
    this.cancelProbe = this.clock.after(PROBE_MS, () => this.tryAgain());
    return refusal;
  }

  private reason(cause: unknown): StoreError {
    const room = roomAt(this.path);
    return room < LITTLE_ROOM
      ? new StoreError(
          'disk-full',
          `the disk of ${this.path} has ${room} bytes left: make room, sends resume by themselves`,
          { cause },
        )
      : new StoreError(
          'failed',
          'a commit failed and nothing of it was stored; sends resume when a write succeeds',
          {
            cause,
          },
        );
  }

  private tryAgain(): void {
    if (this.refusal?.kind === 'closed' || this.flush.failure) return;
    try {
      this.probe();
    } catch (cause) {
      this.refuse(cause);
      return;
    }
    this.refusal = undefined;
    this.log.info('a write succeeded: sends resume');
  }

  close(): void {
    this.cancelProbe?.();
    this.refusal = new StoreError('closed', 'the store is closed');
  }
}
