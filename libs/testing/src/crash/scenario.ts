import type { Duration } from '@halfmq/transaction';
import type { TestBroker, TestBrokerOptions } from '../test-broker.js';

/** Something users do with the services. */
export type Act<App> = (app: App, broker: TestBroker) => Promise<unknown>;

/** What forEachCrashPoint plays again and again. */
export interface Scenario<App> {
  /** before each time, outside of it: empties the database */
  readonly reset?: (() => Promise<unknown>) | undefined;
  /**
   * Starts the services: at the beginning, and again after a crash. All they have in memory and every connection of theirs
   * begins in here. `broker.use` closes them.
   */
  readonly start: (broker: TestBroker) => Promise<App>;
  /** What users do: one act, or one after the other. The one that a crash interrupts is not done again. */
  readonly act: Act<App> | readonly Act<App>[];
  /**
   * What must not differ, compared deeply: the database's state, say, without ids and times of its own making. How many
   * messages were delivered in which topic is compared anyway.
   */
  readonly outcome: (app: App, broker: TestBroker) => Promise<unknown>;
  /** how long the services live on after the last act, by the broker's clock, for checks and retries; 1h unless told */
  readonly lasts?: Duration | undefined;
  readonly broker?: TestBrokerOptions | undefined;
}
