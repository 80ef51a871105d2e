import { decodeRecord, readLong, writeLong, type RecordView } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type { LogReader } from '../log/log-reader.js';
import type { Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';

/**
 * Records that were still owed when their segment was unlinked, and therefore appended again inside a record of
 * STATE_TOPIC. They keep the physical offset they had as their name.
 */
export class CarriedRecords implements Part {
  /** physical offset as named → where the carrying record lies */
  private readonly places = new Map<number, number>();
  private readonly dirty = new Set<number>();

  constructor(private readonly reader: LogReader) {}

  /** The record of this name, wherever it lies. */
  recordAt(named: number): Buffer | undefined {
    const place = this.places.get(named);
    if (place === undefined) return this.reader.recordAt(named);
    const carrier = this.reader.recordAt(place);
    return carrier && decodeRecord(carrier).body;
  }

  /** False for one that was carried. */
  viewAt(view: RecordView, named: number, queueOffset: number): boolean {
    return this.places.get(named) === undefined && this.reader.viewAt(view, named, queueOffset);
  }

  liesAt(named: number): number {
    return this.places.get(named) ?? named;
  }

  moved(named: number, place: number): void {
    this.places.set(named, place);
    this.dirty.add(named);
  }

  /** Forgets what is not owed any more; what was carried from the physical offset `since` on was not looked at. */
  keepOnly(owed: ReadonlySet<number>, since: number): void {
    for (const [named, place] of this.places) {
      if (place >= since || owed.has(named)) continue;
      this.places.delete(named);
      this.dirty.add(named);
    }
  }

  load(state: StateEnvironment): void {
    for (const { key, value } of state.all('m')) this.places.set(readLong(key, 1), readLong(value, 0));
  }

  changes(): Change[] {
    const changes = [...this.dirty].map((named) => {
      const place = this.places.get(named);
      if (place === undefined) return { key: longKey('m', named), value: undefined };
      const value = Buffer.alloc(8);
      writeLong(value, 0, place);
      return { key: longKey('m', named), value };
    });
    this.dirty.clear();
    return changes;
  }
}
