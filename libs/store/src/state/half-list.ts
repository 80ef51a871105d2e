import { decodeRecord, propertyOf, PropertyName, type MessageRecord } from '@halfmq/remoting/record';
import type {
  HalfMessage,
  HalfPage,
  HalfQuery,
  KnownHalf,
  UnaskedPage,
  UnaskedQuery,
  Verdict,
} from '../message-store.js';
import type { HalfReads } from './half-reads.js';
import type { Row } from './half-rows.js';
import type { HalfTable } from './half-table.js';
import type { HalfTransactions } from './half-transactions.js';
import { isByUrl } from './new-row.js';
import { pageStart, type Verdicts } from './verdicts.js';

/** Looked at in one turn of the event loop: rows cost nanoseconds, records that are read microseconds. */
const MOST_ROWS = 200_000;
const MOST_SLOTS = 64 * 1024;
const MOST_RECORDS = 1000;

const KIND_OF = { committed: 'commit', rolledBack: 'rollback' } as const;
const STATE_OF = { commit: 'committed', rollback: 'rolledBack' } as const;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Half messages as people look for them, and those that wait for somebody to ask: what is read row by row. */
export class HalfList {
  constructor(
    private readonly table: HalfTable,
    private readonly transactions: HalfTransactions,
    private readonly verdicts: Verdicts,
    private readonly reads: HalfReads,
    /** half offset from which on they are only placed */
    private readonly end: () => number,
  ) {}

  undecided(limit: number, afterHalfOffset: number): HalfMessage[] {
    const found: HalfMessage[] = [];
    if (limit <= 0) return found;
    for (const row of this.table.from(afterHalfOffset + 1)) {
      found.push(this.transactions.shown(row));
      if (found.length === limit) break;
    }
    return found;
  }

  unasked({ producerGroup, topic, limit, from }: UnaskedQuery): UnaskedPage {
    const halves: HalfMessage[] = [];
    let looked = 0;
    for (const row of this.table.from(from)) {
      if (halves.length === limit || ++looked > MOST_ROWS) return { halves, next: row.halfOffset };
      if (
        !row.isUnasked ||
        row.isParked ||
        row.follows ||
        row.topic !== topic ||
        row.producerGroup !== producerGroup
      )
        continue;
      halves.push(this.transactions.shown(row));
    }
    return { halves, next: undefined };
  }

  list(query: HalfQuery): HalfPage {
    const { state } = query;
    return state === 'pending' || state === 'parked'
      ? this.waiting(query, state === 'parked')
      : this.decided(query, KIND_OF[state]);
  }

  private waiting(query: HalfQuery, parked: boolean): HalfPage {
    const items: KnownHalf[] = [];
    const { from = 0, limit, storedBefore = Infinity } = query;
    let looked = 0;
    for (const row of this.table.from(from)) {
      if (row.halfOffset >= this.end() || row.storeTimestamp >= storedBefore) break;
      if (items.length === limit || ++looked > MOST_ROWS) return { items, next: row.halfOffset };
      if (row.isParked !== parked || !isWanted(query, row)) continue;
      // an older one that is looked for too stands for it
      if (this.transactions.isLater(row, (other) => isWanted(query, other))) continue;
      items.push(this.known(row));
    }
    return { items, next: undefined };
  }

  private decided(query: HalfQuery, kind: Verdict['kind']): HalfPage {
    const { min, max } = this.reads.range();
    const items: KnownHalf[] = [];
    let read = 0;
    const start = Math.min(query.from ?? max - 1, max - 1);
    for (let at = start; at >= min; at = pageStart(at) - 1) {
      if (start - at > MOST_SLOTS) return { items, next: at };
      for (const halfOffset of this.verdicts.upTo(at, kind)) {
        if (items.length === query.limit || ++read > MOST_RECORDS) return { items, next: halfOffset };
        const half = this.decidedHalf(halfOffset);
        if (half && isWanted(query, half)) items.push(half);
      }
    }
    return { items, next: undefined };
  }

  private decidedHalf(halfOffset: number): KnownHalf | undefined {
    const place = this.reads.placeOf(halfOffset);
    const bytes = place === undefined ? undefined : this.reads.recordAt(place);
    return bytes && this.ofRecord(decodeRecord(bytes));
  }

  /** Undefined: neither undecided nor decided, as far as is remembered. */
  private ofRecord(record: MessageRecord): KnownHalf | undefined {
    const { queueOffset, physicalOffset, properties, storeTimestamp } = record;
    const row = this.table.rows.find(queueOffset);
    if (row) return this.known(row);
    const verdict = this.verdicts.find(queueOffset);
    if (!verdict) return undefined;
    return {
      halfOffset: queueOffset,
      physicalOffset,
      producerGroup: propertyOf(properties, PropertyName.PGROUP) ?? '',
      topic: propertyOf(properties, PropertyName.REAL_TOPIC) ?? '',
      uniqueKey: propertyOf(properties, PropertyName.UNIQ_KEY) ?? '',
      transactionId: propertyOf(properties, PropertyName.HALFMQ_TX),
      storeTimestamp,
      byUrl: isByUrl(properties),
      state: STATE_OF[verdict.kind],
      checks: undefined,
      nextCheckAt: undefined,
      verdict,
    };
  }

  private known(row: Row): KnownHalf {
    const half = this.transactions.shown(row);
    return {
      halfOffset: half.halfOffset,
      physicalOffset: half.physicalOffset,
      producerGroup: half.producerGroup,
      topic: half.topic,
      uniqueKey: half.uniqueKey,
      transactionId: half.transactionId,
      storeTimestamp: half.storeTimestamp,
      state: half.state,
      checks: half.checks,
      nextCheckAt: half.nextCheckAt,
      byUrl: half.byUrl,
      verdict: undefined,
    };
  }

  async byId(id: string): Promise<readonly KnownHalf[]> {
    const found = new Map<number, KnownHalf>();
    const add = (half: KnownHalf | undefined): void => void (half && found.set(half.halfOffset, half));
    for (const bytes of await this.reads.query(id)) add(this.ofRecord(decodeRecord(bytes)));
    for (const row of this.transactions.withId(id)) add(this.known(row));
    if (found.size === 0) add(await this.carried(id));
    return [...found.values()].toSorted((a, b) => a.halfOffset - b.halfOffset);
  }

  /** What was carried forward is in no index of keys: it is looked through, a part in a turn. */
  private async carried(uniqueKey: string): Promise<KnownHalf | undefined> {
    for (let from = 0; ;) {
      let looked = 0;
      for (const row of this.table.from(from)) {
        if (row.physicalOffset >= this.reads.minPhysicalOffset()) return undefined;
        from = row.halfOffset + 1;
        const half = this.known(row);
        if (half.uniqueKey === uniqueKey) return half;
        if (++looked === MOST_RECORDS) break;
      }
      if (looked < MOST_RECORDS) return undefined;
      await turn();
    }
  }
}

function isWanted(
  { topic, producerGroup, storedBefore }: HalfQuery,
  half: Pick<KnownHalf, 'topic' | 'producerGroup' | 'storeTimestamp'>,
): boolean {
  if (topic !== undefined && half.topic !== topic) return false;
  if (producerGroup !== undefined && half.producerGroup !== producerGroup) return false;
  return storedBefore === undefined || half.storeTimestamp < storedBefore;
}
