import { propertyOf, PropertyName } from '@halfmq/remoting/record';
import type { HalfMessage, NewMessage, Place, PlainHalf } from '../message-store.js';
import { transactionKey } from './transaction-key.js';

/** What of a half message its row is made from. */
export interface HalfContent {
  readonly producerGroup: string;
  /** the real one */
  readonly topic: string;
  /** those at least that say which transaction it belongs to, and when it is checked first */
  readonly properties: string;
  /** of its body and all its properties */
  readonly bytes: number;
}

export function contentOf({ properties, body }: Pick<NewMessage, 'properties' | 'body'>): HalfContent {
  return {
    producerGroup: propertyOf(properties, PropertyName.PGROUP) ?? '',
    topic: propertyOf(properties, PropertyName.REAL_TOPIC) ?? '',
    properties,
    bytes: body.length + properties.length,
  };
}

export function contentOfPlain(half: PlainHalf): HalfContent {
  const { producerGroup, realTopic: topic, transaction: properties } = half;
  return { producerGroup, topic, properties, bytes: half.body.length + half.propertyLength };
}

/** What a row is filled with: all but what is read from its record. */
export interface NewRow extends Omit<HalfMessage, 'uniqueKey' | 'transactionId'> {
  readonly transactionKey: number;
  readonly bytes: number;
}

/** When a half message is first asked about. */
interface FirstChecks {
  readonly firstCheckAfterMs: (properties: string) => number;
  readonly now: () => number;
}

export function newRow(place: Place, content: HalfContent, checks: FirstChecks): NewRow {
  const { queueOffset: halfOffset, physicalOffset, storeTimestamp } = place;
  const { producerGroup, topic, properties, bytes } = content;
  // store times stand still while a clock that was set back catches up: a check must not wait for that
  const since = Math.min(storeTimestamp, checks.now());
  return {
    halfOffset,
    physicalOffset,
    producerGroup,
    topic,
    storeTimestamp,
    state: 'pending',
    checks: 0,
    nextCheckAt: since + checks.firstCheckAfterMs(properties),
    transactionKey: transactionKey(propertyOf(properties, PropertyName.HALFMQ_TX)),
    bytes,
    byUrl: isByUrl(properties),
  };
}

/** Does a half message with these properties name who is to be asked? */
export function isByUrl(properties: string): boolean {
  return propertyOf(properties, PropertyName.HALFMQ_CHECK_URL) !== undefined;
}
