import { isUtf8 } from 'node:buffer';
import {
  encodeOffsetMessageId,
  formatHost,
  parseProperties,
  PropertyName,
  shownBody,
  type MessageRecord,
} from '@halfmq/remoting';
import { shownTopicOf } from '../directory/lite-names.js';

/** A stored message as REST shows it. Times are ISO 8601; a producer's that is no date, ms since 1970. */
export interface Message {
  /** UNIQ_KEY; the offset message id of one without */
  readonly messageId: string;
  readonly offsetMessageId: string;
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
  readonly tag?: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  /** inflated, where it can be; as base64 when it is no UTF-8 */
  readonly body?: string | undefined;
  readonly bodyBase64?: string | undefined;
  readonly bornAt: string;
  readonly bornHost: string;
  readonly storedAt: string;
  readonly reconsumeTimes: number;
}

/** The last one that is a date. */
export const LAST_MOMENT = 8.64e15;

export function shown(record: MessageRecord): Message {
  const properties = parseProperties(record.properties);
  const body = shownBody(record);
  return {
    messageId: messageIdOf(record, properties),
    offsetMessageId: offsetMessageIdOf(record),
    topic: shownTopicOf(record.topic),
    queueId: record.queueId,
    offset: record.queueOffset,
    tag: properties.get(PropertyName.TAGS),
    keys: keysOf(properties),
    properties: Object.fromEntries(properties),
    ...(isUtf8(body) ? { body: body.toString() } : { bodyBase64: body.toString('base64') }),
    bornAt: shownMoment(record.bornTimestamp),
    bornHost: formatHost(record.bornHost),
    storedAt: shownMoment(record.storeTimestamp),
    reconsumeTimes: record.reconsumeTimes,
  };
}

type Properties = ReadonlyMap<string, string>;

/** UNIQ_KEY; the offset message id of one without. */
export function messageIdOf(record: MessageRecord, properties: Properties): string {
  return properties.get(PropertyName.UNIQ_KEY) ?? offsetMessageIdOf(record);
}

function offsetMessageIdOf({ storeHost, physicalOffset }: MessageRecord): string {
  return encodeOffsetMessageId(storeHost, physicalOffset);
}

export function keysOf(properties: Properties): string[] {
  return properties.get(PropertyName.KEYS)?.split(' ').filter(Boolean) ?? [];
}

export function shownMoment(ms: number): string {
  return Math.abs(ms) <= LAST_MOMENT ? new Date(ms).toISOString() : String(ms);
}
