import { decodeRecord, PropertyName, propertyOf, StatusError, type Clock } from '@halfmq/remoting';
import type { HalfMessage, HalfPage, KnownHalf, MessageStore } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import { shownMoment } from '../produce/shown-message.js';
import { readHalf, type HalfRecord } from './half-record.js';
import {
  shownHalf,
  shownVerdict,
  type ShownHalf,
  type ShownTransaction,
  type TransactionState,
} from './shown-transaction.js';

/** Half messages of one producer group and one HALFMQ_TX, oldest first; one alone without it. */
export interface KnownTransaction {
  readonly id: string;
  readonly group: string;
  readonly state: TransactionState;
  /** the oldest: it is the one that is asked about */
  readonly first: KnownHalf;
  readonly halves: readonly KnownHalf[];
}

export interface Asked {
  readonly state?: TransactionState | undefined;
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
  readonly key?: string | undefined;
  readonly olderThanMs?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface TransactionPage {
  readonly items: readonly ShownTransaction[];
  /** asks for what comes after; none: that was all */
  readonly next?: string | undefined;
}

/** What one of its half messages is, all of it is, the first of these. */
const STATES: readonly TransactionState[] = ['pending', 'parked', 'committed', 'rolledBack'];
/** Looked through for a page, when nothing on them is what is asked for. */
const MOST_PAGES = 20;
const MOST_BYTES = 8 * 1024 * 1024;
const ALL_TIMES = { from: 0, to: Infinity };

/** Transactions as operators and HTTP clients see them: the ledger's half messages, put together. */
export class KnownTransactions {
  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'halves' | 'recordAt' | 'query'>,
  ) {}

  /**
   * By HALFMQ_TX, or by the unique key of one of its messages.
   * @throws StatusError TRANSACTION_UNKNOWN_HALF; INVALID_PARAMETER when several producer groups have this id
   */
  async one(id: string, group?: string): Promise<KnownTransaction> {
    const found = await this.withId(id, group);
    const [first, second] = found;
    if (!first) {
      const of = group === undefined ? '' : ` of group ${group}`;
      throw new StatusError(
        'TRANSACTION_UNKNOWN_HALF',
        `no transaction ${id}${of} is known here: it was never begun, or its verdict is forgotten`,
      );
    }
    if (!second) return first;
    const groups = found.map((each) => each.group).join(', ');
    throw new StatusError(
      'INVALID_PARAMETER',
      `transactions of the groups ${groups} have the id ${id}: name one by ?group=`,
    );
  }

  async withId(id: string, group?: string): Promise<KnownTransaction[]> {
    const named = (await this.store.halves.byId(id)).filter(
      (half) => group === undefined || half.producerGroup === group,
    );
    const whole = new Map<string, KnownTransaction>();
    for (const half of named) {
      const key = keyOf(half);
      if (whole.has(key)) continue;
      const isNamedWhole = half.transactionId === undefined || half.transactionId === id;
      whole.set(key, isNamedWhole ? transactionOf(half, named) : await this.wholeOf(half));
    }
    return [...whole.values()];
  }

  /** With the others of its transaction. */
  private async wholeOf(half: KnownHalf): Promise<KnownTransaction> {
    const { transactionId: id } = half;
    return transactionOf(half, id === undefined ? [half] : await this.store.halves.byId(id));
  }

  /** The same a moment later: what has happened to it meanwhile. */
  now(transaction: KnownTransaction): KnownTransaction {
    const halves = transaction.halves.map((half): KnownHalf => {
      const { half: undecided, verdict } = this.store.halves.find(half.halfOffset) ?? {};
      if (undecided) {
        const { state, checks, nextCheckAt } = undecided;
        return { ...half, state, checks, nextCheckAt };
      }
      if (!verdict) return half;
      const state = verdict.kind === 'commit' ? 'committed' : 'rolledBack';
      return { ...half, state, verdict, checks: undefined, nextCheckAt: undefined };
    });
    return transactionOf(transaction.first, halves);
  }

  /** One that was begun this moment, by the place of one of its half messages. */
  begun(halfOffset: number): KnownTransaction | undefined {
    const halves = this.store.halves.together(halfOffset).map(knownHalf);
    const [first] = halves;
    return first && transactionOf(first, halves);
  }

  /** In doubt: oldest first; decided, or of a key: newest first. */
  async list(asked: Asked): Promise<TransactionPage> {
    if (asked.key !== undefined) return this.withKey(asked.key, asked);
    const found = new Map<string, KnownTransaction>();
    let next: string | undefined = asked.cursor;
    for (let page = 0; page < MOST_PAGES && found.size === 0 && (page === 0 || next !== undefined); page++) {
      const { items, next: after } = this.halves({ ...asked, cursor: next });
      for (const half of items) {
        if (found.has(keyOf(half))) continue;
        const transaction = await this.wholeOf(half);
        if (this.fits(transaction, { ...asked, state: undefined })) found.set(keyOf(half), transaction);
      }
      next = after?.toString();
    }
    return { items: [...found.values()].map((each) => this.shown(each, false)), next };
  }

  private halves(asked: Asked): HalfPage {
    const { state } = asked;
    if (state === undefined) return this.inDoubt(asked);
    // of decided ones the ledger knows the oldest half message alone, and its topic
    const isDecided = state === 'committed' || state === 'rolledBack';
    return this.page(state, isDecided ? { ...asked, topic: undefined } : asked);
  }

  private page(state: TransactionState, { topic, group, limit, olderThanMs, cursor }: Asked): HalfPage {
    return this.store.halves.list({
      state,
      topic,
      producerGroup: group,
      storedBefore: olderThanMs === undefined ? undefined : this.clock.now() - olderThanMs,
      limit,
      from: cursor === undefined ? undefined : Number(cursor),
    });
  }

  /** Two pages made one, by age, up to where the first of them ends. */
  private inDoubt(asked: Asked): HalfPage {
    const pages = [this.page('pending', asked), this.page('parked', asked)];
    const end = Math.min(...pages.map(({ next = Infinity }) => next));
    const halves = pages
      .flatMap(({ items }) => items)
      .filter(({ halfOffset }) => halfOffset < end)
      .toSorted((a, b) => a.halfOffset - b.halfOffset);
    const next = halves[asked.limit]?.halfOffset ?? (end === Infinity ? undefined : end);
    return { items: halves.slice(0, asked.limit), next };
  }

  private async withKey(key: string, asked: Asked): Promise<TransactionPage> {
    const before = asked.cursor === undefined ? undefined : Number(asked.cursor);
    const limits = { maxMessages: asked.limit, maxBytes: MOST_BYTES };
    const records = await this.store.query(SystemTopic.HALF, key, { ...ALL_TIMES, before }, limits);
    const found = new Map<string, KnownTransaction>();
    let last: number | undefined;
    for (const record of records) {
      const { queueOffset, physicalOffset, properties } = decodeRecord(record);
      last = physicalOffset;
      const [half] = (
        await this.store.halves.byId(propertyOf(properties, PropertyName.UNIQ_KEY) ?? '')
      ).filter((each) => each.halfOffset === queueOffset);
      if (!half || found.has(keyOf(half))) continue;
      const transaction = await this.wholeOf(half);
      if (this.fits(transaction, asked)) found.set(keyOf(half), transaction);
    }
    const items = [...found.values()].map((each) => this.shown(each, false));
    return { items, next: records.length < asked.limit ? undefined : last?.toString() };
  }

  private fits({ state, group, first, halves }: KnownTransaction, asked: Asked): boolean {
    return (
      (asked.state === undefined || asked.state === state) &&
      (asked.group === undefined || asked.group === group) &&
      (asked.topic === undefined || halves.some(({ topic }) => topic === asked.topic)) &&
      (asked.olderThanMs === undefined || first.storeTimestamp <= this.clock.now() - asked.olderThanMs)
    );
  }

  /** @param whole with the bodies of its messages */
  shown({ id, group, state, first, halves }: KnownTransaction, whole: boolean): ShownTransaction {
    const { nextCheckAt, verdict } = first;
    const records = halves.map((half) => readHalf(this.store, half));
    const [record] = records;
    return {
      id,
      group,
      state,
      begunAt: shownMoment(first.storeTimestamp),
      checkUrl: propertyOf(record?.record.properties, PropertyName.HALFMQ_CHECK_URL),
      checks: first.checks,
      nextCheckAt: state === 'pending' && nextCheckAt !== undefined ? shownMoment(nextCheckAt) : undefined,
      verdict: verdict && shownVerdict(verdict),
      messages: halves.map((half, at) => shownMessage(half, records[at], whole)),
    };
  }
}

/** Of one that is damaged, or gone, what the ledger knows is left. */
function shownMessage(half: KnownHalf, record: HalfRecord | undefined, whole: boolean): ShownHalf {
  if (record) return shownHalf(record, whole);
  return { messageId: half.uniqueKey, offsetMessageId: '', topic: half.topic, keys: [] };
}

function knownHalf(half: HalfMessage): KnownHalf {
  const { uniqueKey, transactionId } = half;
  return { ...half, uniqueKey, transactionId, verdict: undefined };
}

function keyOf({ producerGroup, transactionId, uniqueKey }: KnownHalf): string {
  return JSON.stringify([producerGroup, transactionId, transactionId === undefined ? uniqueKey : '']);
}

/** @param candidates others of its transaction are among them */
function transactionOf(half: KnownHalf, candidates: readonly KnownHalf[]): KnownTransaction {
  const key = keyOf(half);
  const own = candidates.filter((other) => keyOf(other) === key);
  const [first = half] = own;
  const state = STATES.find((each) => own.some((one) => one.state === each)) ?? first.state;
  return { id: half.transactionId ?? half.uniqueKey, group: half.producerGroup, state, first, halves: own };
}
