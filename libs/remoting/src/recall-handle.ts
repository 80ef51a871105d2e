/*
 * What a delayed send is answered with, and what takes the message back (RecallMessageHandle.HandleV1): base64url of
 *
 *   v1 topic brokerName (deliver time + 1, ms) uniqueKey [physicalOffset]
 *
 * The sixth word is ours: it says where the message lies. RocketMQ's clients want five words or more.
 */
const VERSION = 'v1';

export interface RecallHandle {
  readonly topic: string;
  readonly brokerName: string;
  /** ms since 1970: the message is not delivered before */
  readonly deliverAt: number;
  readonly uniqueKey: string;
  /** undefined: another broker's handle, or one of an earlier version */
  readonly physicalOffset?: number | undefined;
}

export function formatRecallHandle({
  topic,
  brokerName,
  deliverAt,
  uniqueKey,
  physicalOffset,
}: RecallHandle): string {
  const words = [VERSION, topic, brokerName, deliverAt + 1, uniqueKey];
  if (physicalOffset !== undefined) words.push(physicalOffset);
  return Buffer.from(words.join(' ')).toString('base64url');
}

/** @returns undefined for what is no handle */
export function parseRecallHandle(text: string): RecallHandle | undefined {
  const [version, topic = '', brokerName = '', time = '', uniqueKey = '', offset] = Buffer.from(
    text,
    'base64url',
  )
    .toString()
    .split(' ');
  const isWhole = version === VERSION && topic !== '' && brokerName !== '' && uniqueKey !== '';
  if (!isWhole || !/^\d{1,15}$/.test(time)) return undefined;
  const physicalOffset = offset !== undefined && /^\d{1,15}$/.test(offset) ? Number(offset) : undefined;
  return { topic, brokerName, deliverAt: Number(time) - 1, uniqueKey, physicalOffset };
}
