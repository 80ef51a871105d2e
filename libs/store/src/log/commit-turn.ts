import type { Cancel, Clock } from '@halfmq/remoting/record';

/** A sync that takes longer does not hold up commits any more. */
const LONGEST_HOLD_MS = 100;

/**
 * When the group under construction is committed: at the end of the event loop's turn. It is held while a sync runs,
 * because one that is committed beside it only makes it longer; but not for ever.
 */
export class CommitTurn {
  private scheduled = false;
  private release: Cancel | undefined;

  /** @param isHeld asked anew at the end of the turn */
  constructor(
    private readonly clock: Clock,
    private readonly isHeld: () => boolean,
    private readonly commit: () => void,
  ) {}

  schedule(): void {
    if (this.scheduled) return;
    if (this.isHeld()) return this.hold();
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.isHeld()) this.hold();
      else this.commit();
    });
  }

  private hold(): void {
    this.release ??= this.clock.after(LONGEST_HOLD_MS, this.commit);
  }

  /** There is no group under construction any more. */
  end(): void {
    this.release?.();
    this.release = undefined;
  }
}
