import { decodeRecord, propertyOf, PropertyName, RecordError } from '@halfmq/remoting/record';
import { StoreError, type HalfMessage } from '../message-store.js';
import type { HalfGroups } from './half-groups.js';
import type { Row } from './half-rows.js';
import type { HalfContent } from './new-row.js';
import { ShownHalf } from './shown-half.js';
import { transactionKey } from './transaction-key.js';

/** One append, so one block, has the final messages of a whole transaction. */
const MOST_HALVES = 1000;
const MOST_BYTES = 16 * 1024 * 1024;
const ID = /^[\w.-]{1,64}$/;

/**
 * Which half messages belong together, as their records say: the same PGROUP and HALFMQ_TX. One whose record cannot be
 * read belongs to nobody: it stays undecided while the others of its transaction are decided.
 */
export class HalfTransactions {
  constructor(
    private readonly groups: HalfGroups,
    private readonly propertiesAt: (physicalOffset: number) => string,
  ) {}

  shown(row: Row): HalfMessage {
    return new ShownHalf(row, this.propertiesAt);
  }

  private idOf({ physicalOffset }: Row): string | undefined {
    return propertyOf(this.propertiesAt(physicalOffset), PropertyName.HALFMQ_TX);
  }

  /** It and the others of its transaction before half offset `end`, oldest first. */
  together(row: Row, end: number): Row[] {
    if (this.groups.isAlone(row)) return [row];
    const id = this.idOf(row);
    if (id === undefined) return [row];
    const others = [...this.groups.others(row)].filter(
      (other) => other.halfOffset < end && this.idOf(other) === id,
    );
    return [row, ...others].toSorted(byAge);
  }

  /** An older one of its transaction, of those that count, is in the same state. */
  isLater(row: Row, counts: (other: Row) => boolean): boolean {
    for (const other of this.groups.others(row)) {
      if (other.halfOffset > row.halfOffset || other.isParked !== row.isParked || !counts(other)) continue;
      if (this.idOf(other) === this.idOf(row)) return true;
    }
    return false;
  }

  /** Of all producer groups, oldest first. */
  withId(id: string): Row[] {
    return [...this.groups.withKey(transactionKey(id))]
      .filter((row) => this.idOf(row) === id)
      .toSorted(byAge);
  }

  /**
   * Before a half message is placed, while its producer can still do something about it.
   * @throws StoreError illegal: its HALFMQ_TX is none, or its transaction has become too large to be decided at once
   */
  admit({ producerGroup, properties, bytes: ownBytes }: HalfContent): void {
    const id = propertyOf(properties, PropertyName.HALFMQ_TX);
    if (id === undefined) return;
    if (!ID.test(id)) {
      throw new StoreError(
        'illegal',
        'HALFMQ_TX must be 1 to 64 letters, digits, dots, dashes or underscores',
      );
    }
    let count = 1;
    let bytes = ownBytes;
    for (const row of this.groups.withKey(transactionKey(id))) {
      if (row.producerGroup !== producerGroup) continue;
      count++;
      bytes += row.bytes;
    }
    if (count <= MOST_HALVES && bytes <= MOST_BYTES) return;
    throw new StoreError(
      'illegal',
      `transaction ${id} would have ${count} half messages of ${bytes} bytes here: one verdict decides them at once, ` +
        `at most ${MOST_HALVES} of ${MOST_BYTES} bytes. Split the transaction, or send it to more brokers`,
    );
  }
}

function byAge(a: Row, b: Row): number {
  return a.halfOffset - b.halfOffset;
}

/** Of the record at a physical offset; empty when it cannot be read. */
export function propertiesOf(
  recordAt: (physicalOffset: number) => Buffer | undefined,
): (physicalOffset: number) => string {
  return (physicalOffset) => {
    try {
      const record = recordAt(physicalOffset);
      return record ? decodeRecord(record).properties : '';
    } catch (error) {
      if (error instanceof RecordError || error instanceof RangeError) return '';
      throw error;
    }
  };
}
