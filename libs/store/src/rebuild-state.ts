import { openFolder } from './open-store.js';
import type { StoreOptions } from './store-options.js';

/** What a state made again from the log has, and what it cannot have. */
export interface RebuildReport {
  /** of the store's own topics, read for it */
  readonly records: number;
  readonly topics: number;
  readonly groups: number;
  readonly pendingHalves: number;
  readonly parkedHalves: number;
  readonly delayed: number;
  /** store time (ms since 1970) of the snapshot the consumer offsets are from; undefined without one */
  readonly offsetsAsOf: number | undefined;
  /** for people: whole sentences */
  readonly notRestored: readonly string[];
}

/**
 * Throws the state environment away and makes it again from the log alone. Equal to the one before for everything that
 * is logged: settings, half messages with their verdicts, parking, delayed messages, records carried forward. Costs the
 * reading of what was decided, not of what was sent. A crash in between leaves a state that ends earlier in the log: the
 * next open goes on from there.
 * @throws StoreError as openStore: the store must not be open
 */
export async function rebuildState(options: StoreOptions): Promise<RebuildReport> {
  const store = await openFolder(options, true);
  try {
    const { records, offsetsAsOf } = store.replayed;
    const { halves, delayed, settings } = store;
    return {
      records,
      topics: settings.all('topic').size,
      groups: settings.all('group').size,
      pendingHalves: halves.pending,
      parkedHalves: halves.parked,
      delayed: delayed.waiting,
      offsetsAsOf,
      notRestored: [offsetsSince(offsetsAsOf), CHECKS, ...(store.minPhysicalOffset > 0 ? [FORGOTTEN] : [])],
    };
  } finally {
    await store.close();
  }
}

const CHECKS =
  'How often each half message was checked, and when its next check was due: its checks begin anew.';
const FORGOTTEN =
  'Verdicts whose own records retention has taken, of half messages that are gone too: an end for one of them is refused as unknown.';

function offsetsSince(snapshot: number | undefined): string {
  if (snapshot === undefined)
    return 'Consumer offsets: no snapshot of them is in the log. Groups begin as new ones do.';
  const time = new Date(snapshot).toISOString();
  return `Consumer offsets committed after ${time}, the last snapshot in the log: what was consumed since is delivered again.`;
}
