import type { Clock } from '@halfmq/remoting';

/** DataVersion of the wire: a name server looks at the topics again when any of the three has changed. */
export interface DataVersion {
  readonly stateVersion: number;
  /** ms since 1970 */
  readonly timestamp: number;
  readonly counter: number;
}

export function firstVersion(clock: Clock): DataVersion {
  return { stateVersion: 0, timestamp: clock.now(), counter: 0 };
}

export function nextVersion(version: DataVersion, clock: Clock): DataVersion {
  return { stateVersion: version.stateVersion, timestamp: clock.now(), counter: version.counter + 1 };
}
