export type ReadStatus =
  | 'FOUND'
  /** scanned, and nothing was accepted: read again from nextOffset */
  | 'NO_MATCHED_MESSAGE'
  /** the queue was never written to */
  | 'NO_MESSAGE_IN_QUEUE'
  /** offset = max: nothing yet */
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_TOO_SMALL';

export interface ReadLimits {
  readonly maxMessages: number;
  /** at least one message is returned even when it is larger */
  readonly maxBytes: number;
  /** by the index's tag slot: javaHashCode of TAGS, 0 without */
  readonly accepts?: ((tagsCode: number) => boolean) | undefined;
  readonly judge?: RecordJudge | undefined;
}

/** Looks at the records themselves that `accepts` has let pass. */
export interface RecordJudge {
  /** of them in one read: what is not wanted must not hold the event loop */
  readonly most: number;
  /** The record begins at `at`; its bytes may be others when this has returned. */
  wants(records: Buffer, at: number): boolean;
}

export interface ReadResult {
  readonly status: ReadStatus;
  /** whole records, one after the other, possibly several in one piece; stay valid until `giveBack`, must not be changed */
  readonly records: readonly Buffer[];
  readonly count: number;
  /** where to read on; after the last scanned entry, found or not */
  readonly nextOffset: number;
  readonly minOffset: number;
  /** of the next message to be stored */
  readonly maxOffset: number;
  /** The records have been written or looked at: their memory is filled again. Not to be called by who keeps them. */
  readonly giveBack: () => void;
}
