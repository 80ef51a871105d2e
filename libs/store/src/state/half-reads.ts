import type { ConsumeQueues } from '../index/consume-queues.js';
import type { KeyIndex } from '../index/key-index.js';
import type { Queues } from '../log/queues.js';
import type { Segments } from '../log/segments.js';
import { HALF_TOPIC } from '../system-topics.js';
import type { CarriedRecords } from './carried-records.js';

/** The largest transaction, and the few ids that happen to be the same. */
const MOST_OF_AN_ID = 2000;

/** What the half ledger reads of the log. */
export interface HalfReads {
  readonly recordAt: (physicalOffset: number) => Buffer | undefined;
  /** of the half queue; undefined when retention took it */
  readonly placeOf: (halfOffset: number) => number | undefined;
  /** half offsets in the log */
  readonly range: () => { readonly min: number; readonly max: number };
  /** records of the half topic by unique key or transaction id, in the log */
  readonly query: (key: string) => Promise<readonly Buffer[]>;
  /** before it nothing is left but what was carried forward */
  readonly minPhysicalOffset: () => number;
}

export function halfReads(parts: {
  readonly queues: Queues;
  readonly consumeQueues: ConsumeQueues;
  readonly keys: KeyIndex;
  readonly segments: Segments;
  readonly carried: CarriedRecords;
}): HalfReads {
  const { queues, consumeQueues, keys, segments, carried } = parts;
  const always = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const limits = { maxMessages: MOST_OF_AN_ID, maxBytes: Number.MAX_SAFE_INTEGER };
  return {
    recordAt: (physicalOffset) => carried.recordAt(physicalOffset),
    placeOf: (halfOffset) => {
      const queue = queues.find(HALF_TOPIC, 0);
      return queue && consumeQueues.placeOf(queue, halfOffset);
    },
    range: () => {
      const queue = queues.find(HALF_TOPIC, 0);
      return { min: queue?.minOffset ?? 0, max: queue?.committedOffset ?? 0 };
    },
    query: (key) => keys.query(HALF_TOPIC, key, always, limits),
    minPhysicalOffset: () => segments.begin,
  };
}
