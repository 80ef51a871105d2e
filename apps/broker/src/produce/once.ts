import { createHash } from 'node:crypto';
import { decodeRecord, decodeRecords, StatusError, type Clock, type MessageRecord } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import { realPlace } from './stored-message.js';

/** An Idempotency-Key is good for so long. */
const REMEMBERED_MS = 24 * 3_600_000;
const MOST_BYTES = 32 * 1024 * 1024;

/** What is to be sent once. */
export interface SentOnce {
  readonly topic: string;
  /** of its messages, as `uniqueKeysOf` makes them */
  readonly uniqueKeys: readonly string[];
  readonly bodies: readonly Buffer[];
}

/**
 * Sends that carry an Idempotency-Key: a repeated one makes no second message. Nothing is written down for it: the key is
 * made the message's unique key, by which the key index finds it, also after a crash.
 */
export class Once {
  /** the last call of each key that is not done */
  private readonly underWay = new Map<string, Promise<unknown>>();

  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'query' | 'read'>,
  ) {}

  /**
   * The messages of an earlier call; those that wait for their time still lie in their system topic.
   * @param place places them when there are none
   * @throws StatusError ILLEGAL_OPERATION when something else was sent under the key, and what `place` throws
   */
  async send<T>(
    sent: SentOnce,
    place: () => Promise<T>,
    known: (records: readonly MessageRecord[]) => T,
  ): Promise<{ readonly answer: T; readonly made: boolean }> {
    const [key = ''] = sent.uniqueKeys;
    const before = this.underWay.get(key);
    const inTurn = async (): Promise<{ answer: T; made: boolean }> => {
      const records = await this.earlier(sent);
      return records ? { answer: known(records), made: false } : { answer: await place(), made: true };
    };
    // two calls at once would both find nothing
    const own = before ? before.catch(() => undefined).then(inTurn) : inTurn();
    this.underWay.set(key, own);
    try {
      return await own;
    } finally {
      if (this.underWay.get(key) === own) this.underWay.delete(key);
    }
  }

  private async earlier({
    topic,
    uniqueKeys,
    bodies,
  }: SentOnce): Promise<readonly MessageRecord[] | undefined> {
    const first = await this.find(topic, uniqueKeys[0] ?? '');
    if (!first) return undefined;
    const records = uniqueKeys.length === 1 ? [first] : this.batchFrom(first, uniqueKeys.length);
    const same =
      records.length === bodies.length && records.every(({ body }, nth) => body.equals(bodies[nth] ?? body));
    if (same) return records;
    throw new StatusError('ILLEGAL_OPERATION', 'something else was sent with this Idempotency-Key');
  }

  private async find(topic: string, uniqueKey: string): Promise<MessageRecord | undefined> {
    const delivered = await this.query(topic, uniqueKey);
    if (delivered) return delivered;
    const waiting = await this.query(SystemTopic.WHEEL_TIMER, uniqueKey);
    return waiting && realPlace(waiting)?.topic === topic ? waiting : undefined;
  }

  private async query(topic: string, uniqueKey: string): Promise<MessageRecord | undefined> {
    const range = { from: this.clock.now() - REMEMBERED_MS, to: Number.MAX_SAFE_INTEGER };
    const [found] = await this.store.query(topic, uniqueKey, range, { maxMessages: 1, maxBytes: 1 });
    return found && decodeRecord(found);
  }

  /** The messages of a batch lie behind one another in their queue. */
  private batchFrom({ topic, queueId, queueOffset }: MessageRecord, count: number): MessageRecord[] {
    const records: MessageRecord[] = [];
    while (records.length < count) {
      const limits = { maxMessages: count - records.length, maxBytes: MOST_BYTES };
      const found = this.store.read(topic, queueId, queueOffset + records.length, limits);
      for (const bytes of found.records) {
        records.push(...decodeRecords(Buffer.from(bytes)));
      }
      found.giveBack();
      if (found.count === 0) break;
    }
    return records;
  }
}

const LONGEST_KEY = 255;

/**
 * One unique key a message, the same for the same Idempotency-Key; undefined without one.
 * @throws StatusError INVALID_PARAMETER
 */
export function uniqueKeysOf(topic: string, given: string | undefined, count: number): string[] | undefined {
  if (given === undefined) return undefined;
  if (given === '' || given.length > LONGEST_KEY)
    throw new StatusError('INVALID_PARAMETER', `Idempotency-Key has 1 to ${LONGEST_KEY} characters`);
  return Array.from({ length: count }, (_, nth) => uniqueKeyOf(`${topic}\0${given}\0${nth}`));
}

/** As long as any unique key, so that it fits wherever one is shown. */
function uniqueKeyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32).toUpperCase();
}
