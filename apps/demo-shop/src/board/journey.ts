import type { ReadOnlyDatabases } from './databases.js';
import { SERVICES, SHIPPING, type ServiceName } from '../supervisor/messages.js';
import type { Parcels } from './parcels.js';

type Stepping = ServiceName | typeof SHIPPING;

/** One step an order took. */
export interface Step {
  readonly service: Stepping;
  readonly effect: string;
  /** ISO 8601, by the service's own database. */
  readonly at: string;
  /** The message that caused it; null for what a customer caused. */
  readonly messageId: string | null;
}

export interface StepRow {
  readonly order_id: string;
  readonly effect: string;
  readonly message_id: string | null;
  readonly at: Date;
}

interface Told {
  readonly service: Stepping;
  readonly rows: readonly StepRow[];
}

const STEPS =
  'SELECT order_id, effect, message_id, at FROM effects WHERE order_id = ANY($1::uuid[]) ORDER BY id';

/** The ways orders took through the services, in the order of time. */
export class Journeys {
  constructor(
    private readonly databases: ReadOnlyDatabases,
    private readonly parcels?: Parcels,
  ) {}

  async of(orderIds: readonly string[]): Promise<ReadonlyMap<string, Step[]>> {
    const told = await Promise.all([
      ...SERVICES.map(async (service) => {
        return { service, rows: await this.databases.rows<StepRow>(service, STEPS, [orderIds]) };
      }),
      this.shipped(orderIds),
    ]);
    return mergeJourneys(told);
  }

  /** While the shipping service is away its steps are not shown, and all others are. */
  private async shipped(orderIds: readonly string[]): Promise<Told> {
    const asked = orderIds.length === 0 ? undefined : this.parcels?.of(orderIds).catch(() => []);
    const rows = ((await asked) ?? []).map(({ orderId, messageId, sentAtMs }) => {
      return { order_id: orderId, effect: 'parcel sent', message_id: messageId, at: new Date(sentAtMs) };
    });
    return { service: SHIPPING, rows };
  }
}

export function mergeJourneys(told: readonly Told[]): ReadonlyMap<string, Step[]> {
  const ways = new Map<string, Step[]>();
  for (const { service, rows } of told) {
    for (const { order_id, effect, at, message_id } of rows) {
      const way = ways.get(order_id) ?? [];
      way.push({ service, effect, at: at.toISOString(), messageId: message_id });
      ways.set(order_id, way);
    }
  }
  // ISO times sort as text; a stable sort keeps the order within one database.
  for (const way of ways.values()) way.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return ways;
}
