import { type Cancel, type Clock, every } from '@halfmq/transaction';
import type { StormView } from './messages.js';

/** Kills something by chance, again and again, for a while. */
export class Storm {
  view: StormView | null = null;
  private cancel: Cancel = () => undefined;

  constructor(
    private readonly clock: Clock,
    /** Answers whether something was there to be killed. */
    private readonly strike: () => boolean,
    private readonly onChange: () => void,
  ) {}

  /** Replaces one that still goes on. */
  start(seconds: number, everyMs: number): void {
    this.stop();
    const ends = this.clock.monotonic() + seconds * 1000;
    this.view = { endsAt: this.clock.now() + seconds * 1000, kills: 0, running: true };
    this.cancel = every(this.clock, everyMs, () => {
      if (this.clock.monotonic() > ends) this.stop();
      else this.hit();
    });
    this.onChange();
  }

  stop(): void {
    this.cancel();
    if (this.view === null) return;
    this.view = { ...this.view, running: false };
    this.onChange();
  }

  private hit(): void {
    if (this.view === null || !this.strike()) return;
    this.view = { ...this.view, kills: this.view.kills + 1 };
    this.onChange();
  }
}
