/*
 * A message's properties travel and are stored as one string: key 0x01 value 0x02, repeated. Some encoders leave out
 * the last 0x02. Values may hold anything but those two characters. At most 32,767 bytes of UTF-8.
 */
const KEY_END = '\u0001';
const ENTRY_END = '\u0002';

/** Names RocketMQ and this platform give a meaning to. */
export const PropertyName = {
  KEYS: 'KEYS',
  TAGS: 'TAGS',
  WAIT: 'WAIT',
  DELAY: 'DELAY',
  RETRY_TOPIC: 'RETRY_TOPIC',
  REAL_TOPIC: 'REAL_TOPIC',
  REAL_QID: 'REAL_QID',
  TRAN_MSG: 'TRAN_MSG',
  PGROUP: 'PGROUP',
  MIN_OFFSET: 'MIN_OFFSET',
  MAX_OFFSET: 'MAX_OFFSET',
  BUYER_ID: 'BUYER_ID',
  ORIGIN_MESSAGE_ID: 'ORIGIN_MESSAGE_ID',
  TRANSFER_FLAG: 'TRANSFER_FLAG',
  CORRECTION_FLAG: 'CORRECTION_FLAG',
  MQ2_FLAG: 'MQ2_FLAG',
  RECONSUME_TIME: 'RECONSUME_TIME',
  MAX_RECONSUME_TIMES: 'MAX_RECONSUME_TIMES',
  MSG_REGION: 'MSG_REGION',
  TRACE_ON: 'TRACE_ON',
  UNIQ_KEY: 'UNIQ_KEY',
  EXTEND_UNIQ_INFO: 'EXTEND_UNIQ_INFO',
  DUP_INFO: 'DUP_INFO',
  CONSUME_START_TIME: 'CONSUME_START_TIME',
  INNER_NUM: 'INNER_NUM',
  INNER_BASE: 'INNER_BASE',
  INNER_MULTI_DISPATCH: 'INNER_MULTI_DISPATCH',
  INNER_MULTI_QUEUE_OFFSET: 'INNER_MULTI_QUEUE_OFFSET',
  CHECK_IMMUNITY_TIME_IN_SECONDS: 'CHECK_IMMUNITY_TIME_IN_SECONDS',
  TRAN_PREPARED_QUEUE_OFFSET: 'TRAN_PREPARED_QUEUE_OFFSET',
  TRANSACTION_CHECK_TIMES: 'TRANSACTION_CHECK_TIMES',
  TRANSACTION_ID: '__transactionId__',
  INSTANCE_ID: 'INSTANCE_ID',
  CORRELATION_ID: 'CORRELATION_ID',
  REPLY_TO_CLIENT: 'REPLY_TO_CLIENT',
  TTL: 'TTL',
  ARRIVE_TIME: 'ARRIVE_TIME',
  PUSH_REPLY_TIME: 'PUSH_REPLY_TIME',
  MSG_TYPE: 'MSG_TYPE',
  CLUSTER: 'CLUSTER',
  POP_CK: 'POP_CK',
  POP_CK_OFFSET: 'POP_CK_OFFSET',
  FIRST_POP_TIME: '1ST_POP_TIME',
  SHARDING_KEY: '__SHARDINGKEY',
  TRACE_CONTEXT: 'TRACE_CONTEXT',
  PRIORITY: '_SYS_MSG_PRIORITY_',
  /** which lite topic of its topic, see message.type=LITE */
  LITE_TOPIC: '__LITE_TOPIC',
  TIMER_DELAY_SEC: 'TIMER_DELAY_SEC',
  TIMER_DELAY_MS: 'TIMER_DELAY_MS',
  TIMER_DELIVER_MS: 'TIMER_DELIVER_MS',
  TIMER_OUT_MS: 'TIMER_OUT_MS',
  TIMER_ENQUEUE_MS: 'TIMER_ENQUEUE_MS',
  TIMER_DEQUEUE_MS: 'TIMER_DEQUEUE_MS',
  TIMER_ROLL_TIMES: 'TIMER_ROLL_TIMES',
  TIMER_DEL_UNIQKEY: 'TIMER_DEL_UNIQKEY',
  TIMER_DELAY_LEVEL: 'TIMER_DELAY_LEVEL',
  BORN_HOST: '__BORNHOST',
  BORN_TIMESTAMP: 'BORN_TIMESTAMP',
  PROPERTY_CRC: '__CRC32#',
  DLQ_ORIGIN_TOPIC: 'DLQ_ORIGIN_TOPIC',
  DLQ_ORIGIN_MESSAGE_ID: 'DLQ_ORIGIN_MESSAGE_ID',
  /** ours: the transaction a half message belongs to, made by the client */
  HALFMQ_TX: 'HALFMQ_TX',
  /** ours: the database clock (ms) at the transaction's barrier row */
  HALFMQ_TX_AT: 'HALFMQ_TX_AT',
  /** ours: the name of the data source that holds the barrier row */
  HALFMQ_TX_SOURCE: 'HALFMQ_TX_SOURCE',
  /** ours: where the broker asks how a transaction begun over HTTP has ended; not delivered */
  HALFMQ_CHECK_URL: 'HALFMQ_CHECK_URL',
  /** ours: where the broker is to POST a message once it is visible, sealed; not delivered */
  HALFMQ_BACKURL: 'HALFMQ_BACKURL',
  /** ours: the same, of the copy that is POSTed */
  HALFMQ_POST: 'HALFMQ_POST',
  /** ours: set on what an operator delivers again; joins the inbox key */
  HALFMQ_REPLAY: 'HALFMQ_REPLAY',
} as const;

/**
 * Reads the string as RocketMQ does: entries shorter than 3 characters or with an empty key or value are dropped, the
 * last entry of a key wins.
 */
export function parseProperties(raw: string | undefined): Map<string, string> {
  const properties = new Map<string, string>();
  if (!raw) return properties;
  for (let at = 0; at < raw.length;) {
    const next = raw.indexOf(ENTRY_END, at);
    const end = next < 0 ? raw.length : next;
    const split = raw.indexOf(KEY_END, at);
    if (split > at && split < end - 1) properties.set(raw.slice(at, split), raw.slice(split + 1, end));
    at = end + 1;
  }
  return properties;
}

/** The inverse, with the final 0x02. Empty keys and values are left out, as a reader would drop them. */
export function formatProperties(properties: Iterable<readonly [string, string]>): string {
  let raw = '';
  for (const [key, value] of properties) {
    if (key !== '' && value !== '') raw += key + KEY_END + value + ENTRY_END;
  }
  return raw;
}

/** One value, without reading the rest; undefined when absent or empty. */
export function propertyOf(raw: string | undefined, key: string): string | undefined {
  if (!raw) return undefined;
  const wanted = key + KEY_END;
  let found: string | undefined;
  for (let at = raw.indexOf(wanted); at >= 0; at = raw.indexOf(wanted, at + 1)) {
    if (at > 0 && raw[at - 1] !== ENTRY_END) continue;
    const from = at + wanted.length;
    const next = raw.indexOf(ENTRY_END, from);
    found = raw.slice(from, next < 0 ? raw.length : next) || found;
  }
  return found;
}

/** The string without the entries of this key; the rest as it is, read by nobody. */
export function withoutProperty(raw: string, key: string): string {
  const wanted = key + KEY_END;
  let kept = raw;
  for (let at = kept.indexOf(wanted); at >= 0; at = kept.indexOf(wanted, at)) {
    if (at > 0 && kept[at - 1] !== ENTRY_END) {
      at++;
      continue;
    }
    const next = kept.indexOf(ENTRY_END, at);
    kept = kept.slice(0, at) + (next < 0 ? '' : kept.slice(next + 1));
  }
  return kept;
}

/** Sets (or with undefined removes) one property of a string; the others keep their order, the new one comes last. */
export function withProperty(raw: string, key: string, value: string | undefined): string {
  const properties = parseProperties(raw);
  properties.delete(key);
  if (value !== undefined) properties.set(key, value);
  return formatProperties(properties);
}
