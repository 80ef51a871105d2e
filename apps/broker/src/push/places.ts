import type { Clock } from '@halfmq/remoting';

/** Requests under way to an address that is silent. */
const FEW = 16;
/** How long an address may be silent before what comes for it gives way. */
const PATIENCE_MS = 1_000;

interface Address {
  underWay: number;
  /** monotonic */
  answeredAt: number;
  readonly waiting: Set<() => void>;
}

/**
 * Who of many addresses may have the places of one pusher. One that answers may have all of them, one that is silent a
 * few, so that it holds nobody up:
 *
 *   a few are under way, or it has answered within the last second ─▶ goes
 *   else waits ─── an answer, or one of the few is free ────────────▶ goes
 *              └── a second later ───────────────────────────────────▶ gives way
 */
export class Places {
  private readonly addresses = new Map<string, Address>();
  private readonly waiting = new Set<(mayGo: boolean) => void>();

  constructor(private readonly clock: Clock) {}

  /** Whether a request may go; false: it gives way. Who went leaves. */
  enter(name: string): Promise<boolean> | true {
    const address = this.addresses.get(name) ?? { underWay: 0, answeredAt: -Infinity, waiting: new Set() };
    this.addresses.set(name, address);
    if (!this.isOpen(address)) return this.wait(address);
    address.underWay++;
    return true;
  }

  leave(name: string, answered: boolean): void {
    const address = this.addresses.get(name);
    if (!address) return;
    address.underWay--;
    if (answered) address.answeredAt = this.clock.monotonic();
    for (const go of address.waiting) if (this.isOpen(address)) go();
    if (address.underWay === 0) this.addresses.delete(name);
  }

  /** Nobody waits any more. */
  close(): void {
    for (const end of this.waiting) end(false);
  }

  private isOpen({ underWay, answeredAt }: Address): boolean {
    return underWay < FEW || this.clock.monotonic() - answeredAt < PATIENCE_MS;
  }

  private wait(address: Address): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (mayGo: boolean): void => {
        cancel();
        address.waiting.delete(go);
        this.waiting.delete(end);
        if (mayGo) address.underWay++;
        resolve(mayGo);
      };
      const go = (): void => end(true);
      const cancel = this.clock.after(PATIENCE_MS, () => end(false));
      address.waiting.add(go);
      this.waiting.add(end);
    });
  }
}
