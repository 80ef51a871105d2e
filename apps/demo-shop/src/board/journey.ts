import type { ReadOnlyDatabases } from './databases.js';
import { SERVICES, type ServiceName } from '../supervisor/messages.js';

/** One step an order took. */
export interface Step {
  readonly service: ServiceName;
  readonly effect: string;
  /** ISO 8601, by the service's own database. */
  readonly at: string;
  /** The message that caused it; absent for what a customer caused. */
  readonly messageId: string | null;
}

export interface StepRow {
  readonly order_id: string;
  readonly effect: string;
  readonly message_id: string | null;
  readonly at: Date;
}

const STEPS =
  'SELECT order_id, effect, message_id, at FROM effects WHERE order_id = ANY($1::uuid[]) ORDER BY id';

/** The ways these orders took through the three services, in the order of time. */
export async function journeys(
  databases: ReadOnlyDatabases,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, Step[]>> {
  const told = await Promise.all(
    SERVICES.map(async (service) => {
      return { service, rows: await databases.rows<StepRow>(service, STEPS, [orderIds]) };
    }),
  );
  return mergeJourneys(told);
}

export function mergeJourneys(
  told: readonly { readonly service: ServiceName; readonly rows: readonly StepRow[] }[],
): ReadonlyMap<string, Step[]> {
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
