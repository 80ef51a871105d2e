import { ByOpaque } from './by-opaque.js';
import type { Cancel, Clock } from './clock.js';
import type { Command } from './command.js';
import { RemotingError } from './remoting-error.js';
import type { RequestSpec } from './request-spec.js';

type Asked = Pick<RequestSpec<unknown>, 'code' | 'lane'>;

interface Pending {
  readonly opaque: number;
  readonly asked: Asked;
  readonly since: number;
  readonly deadline: number;
  readonly resolve: (answer: Command) => void;
  readonly reject: (error: RemotingError) => void;
}

/**
 * Requests of this side that wait for their answers, by opaque. One timer for all: it is set for the earliest deadline
 * and looks through the table when it fires, since nearly every request is answered long before. Answers leave it
 * alone: setting and clearing a timer for each would cost more than the look.
 */
export class PendingRequests {
  private readonly waiting = new ByOpaque<Pending>();
  /** of those: sends, half messages and verdicts, which are answered at once and not held */
  private sending = 0;
  private cancelTimer: Cancel | undefined;
  private timerDue = Infinity;

  /** @param late hears of one that was not answered in time, with the moment it was asked (Clock.monotonic) */
  constructor(
    private readonly clock: Clock,
    private readonly address: string,
    private readonly late: (since: number) => void,
  ) {}

  get sends(): number {
    return this.sending;
  }

  add(opaque: number, asked: Asked, timeoutMs: number): Promise<Command> {
    return new Promise((resolve, reject) => {
      const since = this.clock.monotonic();
      const deadline = since + timeoutMs;
      this.waiting.add({ opaque, asked, since, deadline, resolve, reject });
      if (asked.lane === 'send') this.sending++;
      if (deadline < this.timerDue) this.arm(deadline, timeoutMs);
    });
  }

  has(opaque: number): boolean {
    return this.waiting.get(opaque) !== undefined;
  }

  /** @returns false when nobody waits for this answer (any more) */
  answer(command: Command): boolean {
    const pending = this.take(command.opaque);
    pending?.resolve(command);
    return pending !== undefined;
  }

  fail(opaque: number, error: RemotingError): void {
    this.take(opaque)?.reject(error);
  }

  failAll(error: RemotingError): void {
    const all = this.waiting.all();
    this.waiting.clear();
    this.sending = 0;
    this.disarm();
    for (const pending of all) pending.reject(error);
  }

  private take(opaque: number): Pending | undefined {
    const pending = this.waiting.take(opaque);
    if (pending?.asked.lane === 'send') this.sending--;
    return pending;
  }

  private arm(deadline: number, inMs: number): void {
    this.cancelTimer?.();
    this.timerDue = deadline;
    this.cancelTimer = this.clock.after(inMs, () => this.expire());
  }

  private disarm(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.timerDue = Infinity;
  }

  private expire(): void {
    const now = this.clock.monotonic();
    this.disarm();
    let next = Infinity;
    let earliest = Infinity;
    for (const pending of this.waiting.all()) {
      if (pending.deadline > now) {
        next = Math.min(next, pending.deadline);
        continue;
      }
      this.take(pending.opaque);
      earliest = Math.min(earliest, pending.since);
      pending.reject(
        new RemotingError('timeout', this.address, `request ${pending.asked.code} was not answered in time`),
      );
    }
    if (next < Infinity) this.arm(next, next - now);
    if (earliest < Infinity) this.late(earliest);
  }
}
