import { propertiesFieldAt } from '@halfmq/remoting';

const KEY_END = 1;
const ENTRY_END = 2;
const NOTHING = Buffer.alloc(0);

/**
 * The properties an expression names, read from a record's bytes: one pass over them, at the first question, and a text
 * is made of those alone that are asked for. What counts is what parseProperties reads.
 */
export class WantedProperties {
  private readonly slots = new Map<string, number>();
  /** by the length of a name in bytes: whether one is so long */
  private readonly lengths: boolean[] = [];
  private readonly from: number[] = [];
  private readonly end: number[] = [];
  /** null: not made of its bytes yet */
  private readonly values: (string | undefined | null)[] = [];
  private source: Buffer = NOTHING;
  private record = 0;
  private isRead = false;

  /** Names of an expression are ASCII. */
  slotOf(name: string): number {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const slot = this.values.push(undefined) - 1;
    this.slots.set(name, slot);
    this.lengths[name.length] = true;
    return slot;
  }

  /** What `valueOf` is asked about from here on: the record that begins there, until `forget`. */
  look(source: Buffer, record: number): void {
    this.source = source;
    this.record = record;
    this.isRead = false;
  }

  /** The bytes may be others from here on. */
  forget(): void {
    this.source = NOTHING;
  }

  readonly valueOf = (slot: number): string | undefined => {
    if (!this.isRead) this.read();
    let value = this.values[slot];
    if (value === null) {
      value = this.source.toString('utf8', this.from[slot], this.end[slot]);
      this.values[slot] = value;
    }
    return value;
  };

  private read(): void {
    this.isRead = true;
    this.values.fill(undefined);
    const { source } = this;
    const field = propertiesFieldAt(source, this.record);
    const end = field + 2 + source.readUInt16BE(field);
    for (let entry = field + 2; entry < end;) {
      let split = 0;
      let at = entry;
      for (; at < end && source[at] !== ENTRY_END; at++)
        if (source[at] === KEY_END && split === 0) split = at;
      if (split > entry && at > split + 1) this.enter(entry, split, at);
      entry = at + 1;
    }
  }

  private enter(entry: number, split: number, end: number): void {
    if (this.lengths[split - entry] !== true) return;
    const slot = this.slots.get(this.source.toString('latin1', entry, split));
    if (slot === undefined) return;
    this.from[slot] = split + 1;
    this.end[slot] = end;
    this.values[slot] = null;
  }
}
