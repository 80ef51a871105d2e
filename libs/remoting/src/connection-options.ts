import type { Clock } from './clock.js';
import type { HandlerTable } from './handlers.js';
import type { Log } from './log.js';
import type { Unread } from './socket-writer.js';
import type { Unfinished } from './unfinished.js';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** requests of the other side */
  readonly handlers: HandlerTable;
  /** largest frame taken or sent, FRAME_LIMIT by default */
  readonly frameLimit?: number | undefined;
  /** closes after this long without a byte in either direction, 120 s by default */
  readonly idleMs?: number | undefined;
  /** closes when more than this waits to be read by the other side, 64 MiB by default */
  readonly outLimit?: number | undefined;
  /** the version every frame of this side says, CURRENT_VERSION by default */
  readonly version?: number | undefined;
  /**
   * true: closes when a request was not answered in time, and not a byte came meanwhile. The other side may be gone without
   * a word, which TCP notices after a quarter of an hour.
   */
  readonly endsInSilence?: boolean | undefined;
  /**
   * true: what is asked while sends wait for their answers leaves together with what is asked in the next turns of the event
   * loop. One write, one turn of the other side and one commit of its log for several; one alone leaves at once.
   */
  readonly gathers?: boolean | undefined;
  /** shared with the other connections of a server: together they keep only so much that is not read */
  readonly unread?: Unread | undefined;
  /** shared likewise: so much of frames that have begun and do not become whole */
  readonly unfinished?: Unfinished | undefined;
}
