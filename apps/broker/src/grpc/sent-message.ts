import { gunzipSync } from 'node:zlib';
import { compressBody, formatProperties, PropertyName, SysFlag } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { isLegalLiteTopic, LONGEST_LITE_TOPIC } from '../directory/lite-names.js';
import { RESERVED } from '../produce/reserved-names.js';
import { Refusal, type CodeName } from './codes.js';
import { msOf, type Maybe, type Message, type MessageType, type SystemProperties } from './contract.js';

/** RocketMQ's limits at this door. */
const MOST_PROPERTIES = 128;
const MOST_PROPERTY_BYTES = 16 * 1024;
const LONGEST_MESSAGE_GROUP = 64;
const LONGEST_RECOVERY_MS = 3_600_000;

export type SendLimits = Pick<BrokerConfig, 'maxMessageSize' | 'timerMaxDelaySec'>;

/** A message as it came, checked, in the words of the wire. */
export interface SentMessage {
  readonly type: MessageType;
  readonly messageId: string;
  readonly messageGroup: string | undefined;
  readonly bornTimestamp: number;
  readonly sysFlag: number;
  readonly properties: string;
  readonly body: Buffer;
}

/** @throws Refusal: the code of what is wrong with it */
export function sentMessage(message: Message, limits: SendLimits, now: number): SentMessage {
  const system: SystemProperties = message.systemProperties ?? { messageId: '' };
  refuseWord('ILLEGAL_MESSAGE_ID', 'message id', system.messageId);
  refuseBody(message.body, limits);
  const own = ownProperties(system, limits, now);
  const user = userProperties(message.userProperties ?? {}, system);
  const type = typeOf(system);
  const { body, sysFlag } = stored(message.body, system.bodyEncoding);
  return {
    type,
    messageId: system.messageId,
    messageGroup: system.messageGroup ?? undefined,
    bornTimestamp: msOf(system.bornTimestamp) ?? now,
    sysFlag: sysFlag | (type === 'TRANSACTION' ? SysFlag.TRANSACTION_PREPARED : 0),
    properties: formatProperties(user) + formatProperties(own),
    body,
  };
}

function refuseBody(body: Buffer, { maxMessageSize }: SendLimits): void {
  if (body.length === 0) throw new Refusal('MESSAGE_BODY_EMPTY', 'the message body is empty');
  if (body.length <= maxMessageSize) return;
  throw new Refusal(
    'MESSAGE_BODY_TOO_LARGE',
    `the message body has ${body.length} bytes, the limit is maxMessageSize ${maxMessageSize}`,
  );
}

/** As RocketMQ derives it from what is stored; what it was called counts for transactions and lite alone. */
function typeOf({ messageType, deliveryTimestamp, messageGroup, priority }: SystemProperties): MessageType {
  if (messageType === 'TRANSACTION') return 'TRANSACTION';
  if (deliveryTimestamp) return 'DELAY';
  if (messageGroup) return 'FIFO';
  if (messageType === 'LITE') return 'LITE';
  return isSet(priority) ? 'PRIORITY' : 'NORMAL';
}

function ownProperties(system: SystemProperties, limits: SendLimits, now: number): [string, string][] {
  const { tag, keys = [], messageGroup, traceContext, bornHost } = system;
  if (isSet(tag)) refuseWord('ILLEGAL_MESSAGE_TAG', 'tag', tag, /[|\p{Cc}]/u);
  for (const key of keys) refuseWord('ILLEGAL_MESSAGE_KEY', 'key', key);
  if (isSet(messageGroup)) {
    refuseWord('ILLEGAL_MESSAGE_GROUP', 'message group', messageGroup);
    if (Buffer.byteLength(messageGroup) >= LONGEST_MESSAGE_GROUP)
      throw new Refusal(
        'ILLEGAL_MESSAGE_GROUP',
        `a message group of less than ${LONGEST_MESSAGE_GROUP} bytes expected`,
      );
  }
  if (traceContext) refuseWord('BAD_REQUEST', 'trace context', traceContext);
  if (bornHost) refuseWord('BAD_REQUEST', 'born host', bornHost);
  const own: [string, string][] = [[PropertyName.UNIQ_KEY, system.messageId]];
  const add = (name: string, value: Maybe<string>): unknown => value && own.push([name, value]);
  add(PropertyName.TAGS, tag);
  if (keys.length > 0) add(PropertyName.KEYS, keys.join(' '));
  add(PropertyName.SHARDING_KEY, messageGroup);
  add(PropertyName.TRACE_CONTEXT, traceContext);
  add(PropertyName.BORN_HOST, bornHost);
  add(PropertyName.TIMER_DELIVER_MS, deliverAt(system, limits, now));
  if (isSet(system.priority) && typeOf(system) === 'PRIORITY') add(PropertyName.PRIORITY, priorityOf(system));
  if (system.messageType === 'LITE') add(PropertyName.LITE_TOPIC, liteTopicOf(system));
  if (system.messageType !== 'TRANSACTION') return own;
  add(PropertyName.TRAN_MSG, 'true');
  add(PropertyName.CHECK_IMMUNITY_TIME_IN_SECONDS, recoverySeconds(system));
  return own;
}

const CONTROL = /\p{Cc}/u;

function isSet<T>(word: Maybe<T>): word is T {
  return word !== undefined && word !== null;
}

function refuseWord(code: CodeName, what: string, word: string, illegal = CONTROL): void {
  if (word.trim() !== '' && !illegal.test(word)) return;
  throw new Refusal(
    code,
    `the ${what} ${JSON.stringify(word.slice(0, 64))} is blank or holds a character that it must not`,
  );
}

function liteTopicOf({ liteTopic, deliveryTimestamp, messageGroup, priority }: SystemProperties): string {
  if (deliveryTimestamp || messageGroup || isSet(priority))
    throw new Refusal(
      'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
      'a message of the type LITE has neither a delay nor a message group nor a priority',
    );
  return legalLiteTopic(liteTopic ?? '');
}

/** @throws Refusal ILLEGAL_LITE_TOPIC */
export function legalLiteTopic(liteTopic: string): string {
  if (isLegalLiteTopic(liteTopic)) return liteTopic;
  throw new Refusal(
    'ILLEGAL_LITE_TOPIC',
    `a lite topic of 1 to ${LONGEST_LITE_TOPIC} letters of a-zA-Z0-9_- expected, got "${liteTopic.slice(0, LONGEST_LITE_TOPIC)}"`,
  );
}

function priorityOf({ priority }: SystemProperties): string {
  if (Number(priority) >= 0) return String(priority);
  throw new Refusal('BAD_REQUEST', `a priority of 0 or more expected, got ${priority}`);
}

function deliverAt({ deliveryTimestamp }: SystemProperties, limits: SendLimits, now: number): string {
  const at = msOf(deliveryTimestamp);
  if (at === undefined) return '';
  const longestMs = limits.timerMaxDelaySec * 1000;
  if (at - now > longestMs)
    throw new Refusal(
      'ILLEGAL_DELIVERY_TIME',
      `a delay of at most ${longestMs} ms (timerMaxDelaySec) expected, got ${at - now}`,
    );
  return String(at);
}

function recoverySeconds({ orphanedTransactionRecoveryDuration }: SystemProperties): string {
  const ms = msOf(orphanedTransactionRecoveryDuration);
  if (ms === undefined || ms <= 0) return '';
  if (ms > LONGEST_RECOVERY_MS)
    throw new Refusal(
      'BAD_REQUEST',
      `a recovery duration of at most ${LONGEST_RECOVERY_MS} ms expected, got ${ms}`,
    );
  return String(Math.ceil(ms / 1000));
}

function userProperties(
  given: Readonly<Record<string, string>>,
  { tag, keys = [] }: SystemProperties,
): [string, string][] {
  const entries = Object.entries(given);
  let bytes = Buffer.byteLength(`${tag ?? ''}${keys.join('')}`);
  for (const [name, value] of entries) {
    if (RESERVED.has(name)) throw illegalProperty(name, 'is reserved');
    if (CONTROL.test(name + value)) throw illegalProperty(name, 'holds a control character');
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (entries.length <= MOST_PROPERTIES && bytes <= MOST_PROPERTY_BYTES) return entries;
  throw new Refusal(
    'MESSAGE_PROPERTIES_TOO_LARGE',
    `at most ${MOST_PROPERTIES} properties, and ${MOST_PROPERTY_BYTES} bytes with tag and keys, expected; got ${entries.length} and ${bytes}`,
  );
}

const illegalProperty = (name: string, why: string): Refusal =>
  new Refusal('ILLEGAL_MESSAGE_PROPERTY_KEY', `property ${JSON.stringify(name.slice(0, 64))} ${why}`);

/** The contract's GZIP is gzip for some clients and zlib for others; on RocketMQ's wire a compressed body is zlib. */
function stored(body: Buffer, encoding: string | undefined): { body: Buffer; sysFlag: number } {
  if (encoding !== 'GZIP') return { body, sysFlag: 0 };
  if (body[0] !== 0x1f || body[1] !== 0x8b)
    return { body, sysFlag: SysFlag.COMPRESSED | SysFlag.COMPRESSION_ZLIB };
  try {
    return compressBody(gunzipSync(body, { maxOutputLength: MOST_INFLATED_BYTES }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal('MESSAGE_CORRUPTED', `the body is said to be gzip and is none: ${why}`);
  }
}

const MOST_INFLATED_BYTES = 64 * 1024 * 1024;
