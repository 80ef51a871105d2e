import { SHIPPING, type ServiceName } from '../supervisor/messages.js';

export interface Query {
  readonly database: ServiceName;
  readonly sql: string;
}

/** Asked of the shipping service, which answers over HTTP. */
export interface Call {
  readonly service: typeof SHIPPING;
  readonly get: '/parcels';
}

/** A sentence that must be true, and how it is asked of the databases. `$1` is the moment counting began. */
export type Invariant = CrossCheck | NoneFound;

/**
 * Two databases must name the same orders with the same figure. Both queries answer `order_id`, `figure`, `age_ms` (how
 * long ago the row changed last).
 */
export interface CrossCheck {
  readonly kind: 'cross-check';
  readonly name: string;
  readonly title: string;
  readonly unit: 'money' | 'units';
  readonly left: Query & { readonly what: string };
  readonly right: (Query | Call) & { readonly what: string };
}

/** Rows that must not exist. Each query answers `problem` (a sentence) and, where time may heal it, `age_ms`. */
export interface NoneFound {
  readonly kind: 'none-found';
  readonly name: string;
  readonly title: string;
  /** What to say when there are none. */
  readonly calm: string;
  readonly queries: readonly Query[];
}

const AGE = 'extract(epoch FROM clock_timestamp() - updated_at) * 1000 AS age_ms';
const PAID = "state IN ('paid', 'shipped', 'received')";
const EVERYWHERE: readonly ServiceName[] = ['order', 'payment', 'stock'];

const reservations = (state: string): Query => ({
  database: 'stock',
  sql: `SELECT order_id, quantity AS figure, ${AGE}
  FROM reservations WHERE state = '${state}' AND placed_at >= $1`,
});

/** An order waits between two states while it is in one of these. */
const open = (states: readonly string[]): NoneFound => ({
  kind: 'none-found',
  name: 'nothing-in-doubt',
  title: 'Nothing in doubt: no order waits between two states',
  calm: 'every order reached its end',
  queries: [
    {
      database: 'order',
      sql: `SELECT format('order %s is still %s', left(id::text, 8), state) AS problem,
       extract(epoch FROM clock_timestamp() - CASE state
         WHEN 'confirmed' THEN greatest(updated_at, expires_at)
         ELSE updated_at END) * 1000 AS age_ms
  FROM orders
 WHERE state IN (${states.map((state) => `'${state}'`).join(', ')}) AND placed_at >= $1`,
    },
  ],
});

const orders = (figure: string, condition: string): Query => ({
  database: 'order',
  sql: `SELECT id AS order_id, ${figure} AS figure, ${AGE}
  FROM orders WHERE ${condition} AND placed_at >= $1`,
});

const ALWAYS: readonly Invariant[] = [
  {
    kind: 'cross-check',
    name: 'money-captured-is-orders-paid',
    title: 'Money captured = orders paid',
    unit: 'money',
    left: {
      what: 'captured',
      database: 'payment',
      sql: `SELECT order_id, amount AS figure, ${AGE}
  FROM payments WHERE state = 'captured' AND placed_at >= $1`,
    },
    right: { what: 'paid', ...orders('total', PAID) },
  },
  {
    kind: 'none-found',
    name: 'stock-adds-up',
    title: 'Initial stock = on hand + reserved + sold, never negative',
    calm: 'every shelf adds up',
    queries: [
      {
        database: 'stock',
        sql: `SELECT format('%s: %s at first, now %s + %s + %s', sku, initial, on_hand, reserved, sold) AS problem
  FROM products
 WHERE $1::timestamptz IS NOT NULL
   AND (initial <> on_hand + reserved + sold OR least(on_hand, reserved, sold) < 0)`,
      },
    ],
  },
  {
    kind: 'cross-check',
    name: 'stock-sold-is-orders-paid',
    title: 'Units sold = units of paid orders',
    unit: 'units',
    left: { what: 'sold', ...reservations('sold') },
    right: { what: 'paid', ...orders('quantity', PAID) },
  },
  {
    kind: 'cross-check',
    name: 'stock-reserved-is-orders-open',
    title: 'Units reserved = units of confirmed orders',
    unit: 'units',
    left: { what: 'reserved', ...reservations('reserved') },
    right: { what: 'confirmed', ...orders('quantity', "state = 'confirmed'") },
  },
  {
    kind: 'none-found',
    name: 'transactions-are-whole',
    title: 'A committed transaction left its change, a rolled-back one left none',
    calm: 'every barrier row agrees with its rows',
    queries: EVERYWHERE.map((database) => ({
      database,
      sql: `SELECT format('%s %s, but %s changes', b.transaction_id, coalesce(b.state, 'unknown'), count(e.id)) AS problem
  FROM halfmq_barrier b
  FULL JOIN effects e ON e.transaction_id = b.transaction_id
 WHERE coalesce(b.created_at, e.at) >= $1
   AND (b.transaction_id IS NOT NULL OR e.transaction_id IS NOT NULL)
 GROUP BY b.transaction_id, b.state, e.transaction_id
HAVING (count(e.id) > 0) <> (coalesce(b.state, 'unknown') = 'committed')`,
    })),
  },
  {
    kind: 'none-found',
    name: 'one-effect-per-message',
    title: 'Effects per message = 1',
    calm: 'no message acted twice',
    queries: EVERYWHERE.map((database) => ({
      database,
      sql: `SELECT format('%s of order %s happened %s times', min(effect), left(min(order_id::text), 8), count(*)) AS problem
  FROM effects
 WHERE message_id IS NOT NULL AND at >= $1
 GROUP BY message_id
HAVING count(*) > 1`,
    })),
  },
];

const SHIPPED: CrossCheck = {
  kind: 'cross-check',
  name: 'parcels-are-orders-paid',
  title: 'Parcels sent = orders paid, one each',
  unit: 'units',
  left: { what: 'paid', ...orders('1', PAID) },
  right: { what: 'sent', service: SHIPPING, get: '/parcels' },
};

/** What must be true of the shop. Where nobody ships, a paid order is at its end. */
export function invariants(hasShipping: boolean): readonly Invariant[] {
  return hasShipping
    ? [...ALWAYS, SHIPPED, open(['unconfirmed', 'confirmed', 'paid'])]
    : [...ALWAYS, open(['unconfirmed', 'confirmed'])];
}
