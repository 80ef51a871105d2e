import type { Host, RecordView } from '@halfmq/remoting/record';

/* What is appended: messages as they are given to the store, in texts or in bytes. */

/** A message to be stored. Offsets, store time, store host, size and checksum are the store's to give. */
export interface NewMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly sysFlag: number;
  /** ms since 1970, by the producer's clock */
  readonly bornTimestamp: number;
  readonly bornHost: Host;
  readonly reconsumeTimes: number;
  /** physical offset of the half message of a committed one, else 0 */
  readonly preparedTransactionOffset: number;
  /** copied before append returns */
  readonly body: Buffer;
  /** key 0x01 value 0x02 ... */
  readonly properties: string;
  /** of the first message of an append: see Waits; undefined: it waits for its sync, however long that takes */
  readonly waits?: Waits | undefined;
}

/**
 * What `stored` waits for with SYNC_FLUSH. `commit`: not for the disk (RocketMQ's WAIT=false). `in-time`: for the sync,
 * and at most syncTimeoutMs; then it is called with the error sync-timeout.
 */
export type Waits = 'commit' | 'in-time';

/** An ordinary message (no delay, no half) whose properties are bytes as stored; its topic is ASCII, its numbers fit. */
export interface PlainMessage extends Omit<NewMessage, 'properties'> {
  /** propertyLength bytes of it, from propertyAt on */
  readonly propertyBytes: Uint8Array;
  readonly propertyAt: number;
  readonly propertyLength: number;
  readonly tagsCode: number;
}

/**
 * A half message that is plain: it lies in the half topic, its PGROUP, REAL_TOPIC and REAL_QID are among its properties,
 * and the ledger is told here what it would read there.
 */
export interface PlainHalf extends PlainMessage {
  readonly producerGroup: string;
  readonly realTopic: string;
  /** of its properties those alone that say which transaction it belongs to and when it is checked first */
  readonly transaction: string;
}

/** Plain messages for one queue, at least one, read one after the other; one object may be filled again with each. */
export interface PlainBatch {
  readonly count: number;
  /** of their bodies and properties */
  readonly bytes: number;
  readonly waits: Waits | undefined;
  first(): PlainMessage;
  /** The one after that which was given last. */
  next(): PlainMessage;
}

/** Where the messages of a batch lie: consecutive in their queue from `queueOffset` on. */
export interface BatchPlaces {
  readonly queueOffset: number;
  readonly physicalOffsets: readonly number[];
}

/**
 * What a committed half message becomes when it waits for nothing: its record with another place, its properties up to
 * the broker's own at their end.
 */
export interface PlainFinal {
  readonly half: RecordView;
  /** ASCII */
  readonly topic: string;
  readonly queueId: number;
  readonly sysFlag: number;
  readonly preparedTransactionOffset: number;
  readonly propertyLength: number;
  readonly tagsCode: number;
}

/** What a committed half message becomes; with `deliverAt` (ms since 1970) it waits in a schedule topic until then. */
export interface FinalMessage extends NewMessage {
  readonly deliverAt?: number | undefined;
  /** appended right behind it */
  readonly copy?: NewMessage | undefined;
}
