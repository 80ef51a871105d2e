import { readLong, RecordField, storeTimeOf, type Receipt } from '@halfmq/remoting';
import type { ReadResult } from '@halfmq/store';

export interface PoppedMessage {
  /** as stored; valid until `giveBack` */
  readonly record: Buffer;
  readonly receipt: Receipt;
  /** of an ordered pop: how often it was handed out before; undefined: its record says it */
  readonly deliveredBefore: number | undefined;
}

export interface Popped {
  readonly messages: readonly PoppedMessage[];
  readonly popTime: number;
  /** messages that are left, about */
  readonly rest: number;
  /** when an ordered queue that is blocked now will not be any more; undefined: none is */
  readonly blockedUntil: number | undefined;
  /** there is more than one look goes through, and none of what was looked at is wanted */
  readonly unread: boolean;
  readonly giveBack: () => void;
}

/** One pop, queue by queue. */
export class Turn implements Popped {
  readonly messages: PoppedMessage[] = [];
  rest = 0;
  unread = false;
  blockedUntil: number | undefined;
  private records: Buffer[] = [];
  private readonly lent: (() => void)[] = [];

  constructor(
    readonly popTime: number,
    private readonly most: number,
    public bytes: number,
  ) {}

  get room(): number {
    return this.most - this.messages.length;
  }

  get isFull(): boolean {
    return this.room <= 0 || this.bytes <= 0;
  }

  readonly giveBack = (): void => {
    for (const giveBack of this.lent.splice(0)) giveBack();
  };

  blocked(until: number): void {
    this.blockedUntil = Math.min(this.blockedUntil ?? Infinity, until);
  }

  /** @returns the queue offsets of what is taken of it */
  add(found: ReadResult, wanted: (offset: number) => boolean = () => true): number[] {
    this.lent.push(found.giveBack);
    this.records = found.records
      .flatMap(recordsIn)
      .filter((record) => wanted(readLong(record, RecordField.QUEUE_OFFSET)));
    this.bytes -= this.records.reduce((sum, { length }) => sum + length, 0);
    return this.records.map((record) => readLong(record, RecordField.QUEUE_OFFSET));
  }

  /** Of what was added last: when the newest was stored, where the clock says that this is still to come. */
  get storedBy(): number | undefined {
    const newest = this.records.at(-1);
    const time = newest ? storeTimeOf(newest) : 0;
    return time > this.popTime ? time : undefined;
  }

  /** Of what was added last. */
  receipts(offsets: readonly number[], of: (offset: number) => Receipt, counts?: readonly number[]): void {
    for (const [nth, record] of this.records.entries()) {
      const receipt = of(offsets[nth] ?? 0);
      this.messages.push({ record, receipt, deliveredBefore: counts?.[nth] });
    }
  }
}

function recordsIn(row: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < row.length;) {
    const end = at + row.readInt32BE(at);
    records.push(row.subarray(at, end));
    at = end;
  }
  return records;
}
