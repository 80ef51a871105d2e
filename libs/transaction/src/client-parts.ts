import type { Clock, Log } from '@halfmq/remoting';
import type { BrokerRequests } from './broker-requests.js';
import type { HandOut } from './hook.js';
import type { Heartbeats } from './heartbeats.js';
import type { Hooks } from './hooks.js';
import type { Namespace } from './namespace.js';
import type { Delivery } from './producer/delivery.js';
import type { Replies } from './producer/replies.js';
import type { Routes } from './routes/routes.js';

/** What all producers and consumers of one client share. */
export interface ClientParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly clientId: string;
  /** as the client id, but the same from start to start, for what is kept in files */
  readonly stableId: string;
  /** names as brokers know them, and as the user does */
  readonly names: Namespace;
  readonly routes: Routes;
  readonly brokers: BrokerRequests;
  readonly heartbeats: Heartbeats;
  readonly delivery: Delivery;
  readonly replies: Replies;
  /** how long a pull may wait at a broker */
  readonly pullHoldMs: number;
  readonly handOut: HandOut;
  /** undefined: nobody takes part */
  readonly hooks: Hooks | undefined;
  /** @throws ClientClosed unless the client is between start() and close() */
  readonly mustBeOpen: (what: string) => void;
}
