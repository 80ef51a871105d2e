import type { NewMessage, Place, PlainFinal, PlainMessage, Stored } from '../message-store.js';
import type { Decision } from './decision.js';
import type { Change, StateEnvironment } from './state-environment.js';

/** What a projection needs of the log. */
export interface Appender {
  /** @param tagSlots by message: what the index holds instead of the hash of its TAGS */
  append(
    messages: readonly NewMessage[],
    stored: Stored,
    tagSlots?: readonly (number | undefined)[],
  ): readonly Place[];
  /** undoes what memory shows of the group under construction, should its commit fail */
  onUndo(undo: () => void): void;
  /** completes what memory shows once the group under construction is committed */
  onCommit(act: () => void): void;
  /** answers once everything placed so far is stored */
  whenStored(stored: Stored): void;
}

/** The same, and decisions as bytes. */
export interface DecisionAppender extends Appender {
  appendDecision(final: PlainFinal | undefined, verdict: PlainMessage, stored: Stored): void;
}

/** One projection of the log: whole in memory, its changes written from time to time. */
export interface Part {
  load(state: StateEnvironment): void;
  /** Changes since the last call, all of them committed in the log. */
  changes(): Change[];
  /** The last changes are in the environment. */
  written?(): void;
}

/** A record somebody will still ask for, by the physical offset it has as its name. */
export interface Owed {
  readonly physicalOffset: number;
  /** still, at the moment of asking */
  readonly isOwed: () => boolean;
  /** what was decided about it, which has to be said again: the decision's own record goes with its segment */
  readonly decided?: () => Decision | undefined;
}
