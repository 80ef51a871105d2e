import { parseProperties, PropertyName } from '@halfmq/remoting';
import type { KnownHalf, Verdict } from '@halfmq/store';
import { shown, shownMoment, type Message } from '../produce/shown-message.js';
import type { HalfRecord } from './half-record.js';

export type TransactionState = KnownHalf['state'];

/** A transaction as REST shows it. */
export interface ShownTransaction {
  /** HALFMQ_TX; of a half message without one its message id */
  readonly id: string;
  /** of its producers */
  readonly group: string;
  readonly state: TransactionState;
  /** by this broker's clock */
  readonly begunAt: string;
  readonly checkUrl?: string | undefined;
  /** how often somebody took the question; undefined once it is decided */
  readonly checks?: number | undefined;
  readonly nextCheckAt?: string | undefined;
  readonly verdict?: ShownVerdict | undefined;
  readonly messages: readonly ShownHalf[];
}

export interface ShownVerdict extends Omit<Verdict, 'at'> {
  readonly at: string;
}

/** Where it will be delivered, and what. */
export type ShownHalf = Pick<Message, 'messageId' | 'offsetMessageId' | 'topic' | 'keys' | 'tag'> &
  Partial<Pick<Message, 'queueId' | 'properties' | 'body' | 'bodyBase64'>>;

/** What the broker gives to a half message. */
const GIVEN_TO: readonly string[] = [
  PropertyName.REAL_QID,
  PropertyName.TRANSACTION_ID,
  PropertyName.UNIQ_KEY,
  PropertyName.MSG_REGION,
  PropertyName.TRACE_ON,
  PropertyName.CLUSTER,
];
/** And what is shown by other names. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  ...GIVEN_TO,
  PropertyName.REAL_TOPIC,
  PropertyName.TRAN_MSG,
  PropertyName.PGROUP,
  PropertyName.HALFMQ_CHECK_URL,
  PropertyName.HALFMQ_BACKURL,
]);

/** One half message as its sender gave it. @param whole with properties and body */
export function shownHalf({ record, real }: HalfRecord, whole: boolean): ShownHalf {
  const { messageId, offsetMessageId, keys, tag, properties, body, bodyBase64 } = shown(record);
  const brief = { messageId, offsetMessageId, topic: real.topic, keys, tag };
  if (!whole) return brief;
  const given = Object.entries(properties).filter(([name]) => !NOT_SHOWN.has(name));
  return { ...brief, queueId: real.queueId, properties: Object.fromEntries(given), body, bodyBase64 };
}

export function shownVerdict({ at, ...verdict }: Verdict): ShownVerdict {
  return { ...verdict, at: shownMoment(at) };
}

/** What its sender gave: two half messages with the same, and the same body, are the same. */
export function givenProperties(properties: string): ReadonlyMap<string, string> {
  const given = parseProperties(properties);
  for (const name of GIVEN_TO) given.delete(name);
  return given;
}
