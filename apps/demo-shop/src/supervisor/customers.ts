import { type Cancel, type Clock, every } from '@halfmq/transaction';
import { CATALOGUE } from '../catalogue.js';
import type { LoadView } from './messages.js';

const NAMES = [
  'Ada',
  'Barbara',
  'Edsger',
  'Frances',
  'Grace',
  'Leslie',
  'Margaret',
  'Niklaus',
  'Radia',
  'Tony',
];
const TICK_MS = 50;
const PATIENCE_MS = 15_000;

/**
 * The load generator: customers outside the shop, who go on buying while services die. An answer of 201 is a placed order,
 * any other answer a refusal, and no answer leaves the customer not knowing, as in life.
 */
export class Customers {
  view: LoadView | null = null;
  private cancel: Cancel = () => undefined;
  private sent = 0;
  /** Grows with each load: an answer to an order of an earlier one counts no more. */
  private load = 0;

  constructor(
    private readonly ordersUrl: string,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  /** Replaces a load that still runs. */
  start(orders: number, perSecond: number): void {
    this.stop();
    this.sent = 0;
    const load = (this.load += 1);
    this.view = { wanted: orders, perSecond, placed: 0, refused: 0, lost: 0, running: true };
    const begun = this.clock.monotonic();
    this.cancel = every(this.clock, TICK_MS, () => {
      const due = Math.min(orders, Math.ceil(((this.clock.monotonic() - begun) / 1000) * perSecond));
      while (this.sent < due) {
        this.sent += 1;
        void this.buy(this.sent, load);
      }
      if (this.sent === orders) this.cancel();
    });
  }

  stop(): void {
    this.cancel();
    if (this.view !== null) this.view = { ...this.view, running: false };
  }

  private async buy(turn: number, load: number): Promise<void> {
    const product = CATALOGUE[turn % CATALOGUE.length];
    const order = { sku: product?.sku, quantity: 1 + (turn % 2), customer: NAMES[turn % NAMES.length] };
    const outcome = await fetch(this.ordersUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).then(
      async (answer) => {
        await answer.arrayBuffer().catch(() => undefined);
        return answer.status === 201 ? 'placed' : 'refused';
      },
      (error: unknown) => (isRefusedConnection(error) ? 'refused' : 'lost'),
    );
    this.count(outcome, load);
  }

  private count(outcome: 'placed' | 'refused' | 'lost', load: number): void {
    if (this.view === null || this.load !== load) return;
    const counted = { ...this.view, [outcome]: this.view[outcome] + 1 };
    const answered = counted.placed + counted.refused + counted.lost;
    this.view = { ...counted, running: counted.running && answered < counted.wanted };
    this.onChange();
  }
}

/** Nobody listened: the order was certainly not placed. */
function isRefusedConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
