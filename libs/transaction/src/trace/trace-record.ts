import type { TransactionState } from '../message.js';

/*
 * A body of RocketMQ's message trace (TraceDataEncoder):
 *
 *   body    = record*
 *   record  = field (U+0001 field)* U+0002        a field that is not known: null
 *
 *   Pub             timestamp region group topic msgId tags keys storeHost bodyLength costTime msgType offsetMsgId success
 *   SubBefore       timestamp region group requestId msgId retryTimes keys
 *   SubAfter        requestId msgId costTime success keys contextCode timestamp group
 *   EndTransaction  timestamp region group topic msgId tags keys storeHost msgType transactionId state fromCheck
 *   Recall          timestamp region group topic msgId success
 *
 * msgType: 0 normal, 1 half, 2 commit, 3 delayed. contextCode: 0 success, 1 time-out, 2 exception, 4 asked for again.
 */
const FIELD_END = '\u0001';
const RECORD_END = '\u0002';

export const MessageType = { normal: 0, half: 1, commit: 2, delayed: 3 } as const;
export const ContextCode = { success: 0, timeout: 1, exception: 2, failed: 4 } as const;

type Code<T> = T[keyof T];
type Field = string | number | boolean | undefined;

/** What has happened to one message. */
export interface TraceRecord {
  /** of the message: records of one topic travel together */
  readonly topic: string;
  readonly text: string;
  /** by which tools find it: the message's id and its keys */
  readonly found: readonly string[];
}

interface Traced {
  readonly topic: string;
  readonly messageId: string;
  readonly keys: readonly string[];
}

interface Published extends Traced {
  readonly at: number;
  readonly regionId: string;
  readonly group: string;
  readonly tag: string | undefined;
  readonly storeHost: string;
  readonly bodyBytes: number;
  readonly costMs: number;
  readonly type: Code<typeof MessageType>;
  readonly offsetMessageId: string | undefined;
  readonly success: boolean;
}

export function published(message: Published): TraceRecord {
  const { at, regionId, group, topic, messageId, tag, keys, storeHost, bodyBytes, costMs, type } = message;
  const sent = [storeHost, bodyBytes, costMs, type, message.offsetMessageId, message.success];
  return record(message, ['Pub', at, regionId, group, topic, messageId, tag, joined(keys), ...sent]);
}

interface Consumed extends Traced {
  readonly at: number;
  readonly group: string;
  /** joins before and after */
  readonly requestId: string;
}

export function beforeHandling(
  message: Consumed & { readonly regionId: string; readonly retries: number },
): TraceRecord {
  const { at, regionId, group, requestId, messageId, retries, keys } = message;
  return record(message, ['SubBefore', at, regionId, group, requestId, messageId, retries, joined(keys)]);
}

export function afterHandling(
  message: Consumed & { readonly costMs: number; readonly code: Code<typeof ContextCode> },
): TraceRecord {
  const { at, group, requestId, messageId, costMs, code, keys } = message;
  const success = code === ContextCode.success;
  const fields = ['SubAfter', requestId, messageId, costMs, success, joined(keys), code, at, group];
  return record(message, fields);
}

const STATE = { commit: 'COMMIT_MESSAGE', rollback: 'ROLLBACK_MESSAGE', unknown: 'UNKNOW' } as const;

export function endedTransaction(ending: {
  readonly at: number;
  readonly regionId: string;
  readonly group: string;
  readonly topic: string;
  readonly messageId: string;
  readonly address: string;
  readonly transactionId: string;
  readonly state: TransactionState;
  readonly fromCheck: boolean;
}): TraceRecord {
  const { at, regionId, group, topic, messageId, address, transactionId, state, fromCheck } = ending;
  const verdict = [MessageType.commit, transactionId, STATE[state], fromCheck];
  const place = [topic, messageId, undefined, undefined, address];
  return record({ topic, messageId, keys: [] }, [
    'EndTransaction',
    at,
    regionId,
    group,
    ...place,
    ...verdict,
  ]);
}

export function recalled(recall: {
  readonly at: number;
  readonly regionId: string;
  readonly group: string;
  readonly topic: string;
  readonly messageId: string;
  readonly success: boolean;
}): TraceRecord {
  const { at, regionId, group, topic, messageId, success } = recall;
  return record({ topic, messageId, keys: [] }, ['Recall', at, regionId, group, topic, messageId, success]);
}

function record({ topic, messageId, keys }: Traced, fields: readonly Field[]): TraceRecord {
  const text = fields.map((field) => String(field ?? 'null')).join(FIELD_END) + RECORD_END;
  return { topic, text, found: [messageId, ...keys] };
}

function joined(keys: readonly string[]): string | undefined {
  return keys.length > 0 ? keys.join(' ') : undefined;
}
