import type { Clock, HandOut } from '@halfmq/transaction';
import type { Delivery } from '../supervisor/messages.js';

/** How far two messages may come apart when they come out of order. */
const DISORDER_MS = 1000;

/** Hands messages to handlers late, in another order and twice: whatever at-least-once delivery allows a broker to do. */
export class RoughDelivery {
  constructor(
    public habits: Delivery,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {}

  readonly handOut: HandOut = async (_delivery, handle) => {
    const { twice } = this.habits;
    await this.itsMoment();
    await handle();
    if (!twice) return;
    await this.itsMoment();
    await handle();
  };

  private async itsMoment(): Promise<void> {
    const { disorder, delayMs } = this.habits;
    const ms = delayMs + (disorder ? Math.floor(this.random() * DISORDER_MS) : 0);
    if (ms > 0) await new Promise<void>((resolve) => this.clock.after(ms, resolve));
  }
}
