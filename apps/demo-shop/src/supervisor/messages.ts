import type { ProviderHabits } from '../payment/provider.js';

/** The words spoken over the IPC channel between the supervisor and its services. Nothing else crosses it. */

export const SERVICES = ['order', 'payment', 'stock'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** `plain` is how most systems do it today: save, then send. `transactional` is `transactions.run`. */
export const MODES = ['plain', 'transactional'] as const;
export type Mode = (typeof MODES)[number];

/** The service in Python: pushed to over HTTP, with a database of its own kind. Absent where there is no Python. */
export const SHIPPING = 'shipping';

/** They know no points of a transaction: they are killed at once, or not at all. */
export const KILLED_AT_ONCE = [SHIPPING, 'name server', 'PostgreSQL'] as const;

export const CHAOS_TARGETS = ['broker', ...SERVICES, ...KILLED_AT_ONCE] as const;
export type ChaosTarget = (typeof CHAOS_TARGETS)[number];

/**
 * Where a process dies. `after-half`: the messages are prepared, the database has not committed yet (plain mode: just
 * before the commit). `after-commit`: the database has committed, the broker has not heard of it.
 */
export const CHAOS_POINTS = ['after-half', 'after-commit'] as const;
export type ChaosPoint = (typeof CHAOS_POINTS)[number];
export type ChaosMoment = 'now' | ChaosPoint;
export const CHAOS_MOMENTS = ['now', ...CHAOS_POINTS] as const;

/** How messages reach the services' handlers, beside what at-least-once delivery does by itself. */
export interface Delivery {
  /** Each is handed out a second time when its handler has succeeded. */
  readonly twice: boolean;
  /** Each waits for a moment of its own, up to a second, and others overtake it. */
  readonly disorder: boolean;
  /** Between services, on top of that. */
  readonly delayMs: number;
}

export const AS_IT_COMES: Delivery = { twice: false, disorder: false, delayMs: 0 };

/** Random kills. */
export interface StormView {
  /** Milliseconds since 1970. */
  readonly endsAt: number;
  readonly kills: number;
  readonly running: boolean;
}

export interface ProcessView {
  readonly name: string;
  readonly state: string;
  readonly where: string;
  readonly pid: number | undefined;
  readonly restarts: number;
}

export interface LoadView {
  readonly wanted: number;
  readonly perSecond: number;
  /** Answered with 201. */
  readonly placed: number;
  /** Answered with an error: the customer knows that nothing was bought. */
  readonly refused: number;
  /** Not answered: the customer does not know. */
  readonly lost: number;
  readonly running: boolean;
}

/** What the supervisor knows, as the page shows it. Times are milliseconds since 1970. */
export interface FleetView {
  readonly mode: Mode;
  readonly processes: readonly ProcessView[];
  readonly armed: readonly { readonly target: ChaosTarget; readonly at: ChaosPoint }[];
  readonly load: LoadView | null;
  readonly delivery: Delivery;
  readonly storm: StormView | null;
  readonly events: readonly { readonly at: number; readonly line: string }[];
}

export type ToService =
  | { readonly kind: 'mode'; readonly mode: Mode }
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  /** Kill process `victim` (often yourself) the next time this point is reached. */
  | { readonly kind: 'arm'; readonly at: ChaosPoint; readonly victim: number }
  | { readonly kind: 'fleet'; readonly fleet: FleetView }
  | { readonly kind: 'answer'; readonly id: number; readonly error?: string };

export type Request =
  | { readonly kind: 'chaos'; readonly target: ChaosTarget; readonly at: ChaosMoment }
  | { readonly kind: 'set-mode'; readonly mode: Mode }
  | { readonly kind: 'load'; readonly orders: number; readonly perSecond: number }
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  | { readonly kind: 'storm'; readonly seconds: number; readonly everyMs: number };

export type ToSupervisor =
  { readonly kind: 'ready' } | { readonly kind: 'request'; readonly id: number; readonly request: Request };

/** Handed to a service in the environment variable `HALFMQ_SHOP_SERVICE`, as JSON. */
export interface ServiceSettings {
  readonly nameServers: string;
  readonly databases: Readonly<Record<ServiceName, string>>;
  /** The order service's HTTP port. */
  readonly port: number;
  readonly host: string;
  readonly mode: Mode;
  readonly delivery: Delivery;
  /** How long an unpaid order lives, as a delay of a message: `30s`. */
  readonly expiry: string;
  /** How long an order may stay between two states before the board calls it stuck. */
  readonly deadlineMs: number;
  readonly provider: ProviderHabits;
  /** Of the broker's HTTP door, for the page; null: it is closed, or the broker is not the shop's own. */
  readonly brokerDoor: string | null;
  /** Where the shipping service is asked what it has shipped; null: there is none, and a paid order is at its end. */
  readonly shipping: string | null;
}

export const SERVICE_SETTINGS = 'HALFMQ_SHOP_SERVICE';
