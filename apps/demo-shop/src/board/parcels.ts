import type { FigureRow } from './judge.js';

const PATIENCE_MS = 3000;

/** A parcel, as the shipping service shows it. */
export interface Parcel {
  readonly orderId: string;
  /** The message that made it be sent. */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly sentAtMs: number;
  readonly ageMs: number;
}

/** The shipping service did not answer: it may have been killed a moment ago. */
export class ShippingAway extends Error {
  override readonly name = 'ShippingAway';
}

/** The board's eye on the shipping service, whose database nobody but itself can open. */
export class Parcels {
  constructor(private readonly address: string) {}

  /** One row a parcel. @throws ShippingAway */
  async figures(since: Date): Promise<FigureRow[]> {
    const parcels = await this.ask(`since=${since.toISOString()}`);
    return parcels.map(({ orderId, ageMs }) => ({ order_id: orderId, figure: 1, age_ms: ageMs }));
  }

  /** @throws ShippingAway */
  of(orderIds: readonly string[]): Promise<Parcel[]> {
    return this.ask(`orders=${orderIds.join(',')}`);
  }

  private async ask(query: string): Promise<Parcel[]> {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const answer = await fetch(`${this.address}/parcels?${query}`, { signal });
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      return ((await answer.json()) as { items: Parcel[] }).items;
    } catch (error) {
      throw new ShippingAway('The shipping service does not answer.', { cause: error });
    }
  }
}
