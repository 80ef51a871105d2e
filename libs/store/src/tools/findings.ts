/** Something that is not as it was written. */
export interface Damage {
  readonly file: string;
  readonly physicalOffset?: number | undefined;
  readonly what: string;
}

/** More are counted, and not listed. */
const MOST_LISTED = 100;

/** What a check of a store has met so far. */
export class Findings {
  segments = 0;
  blocks = 0;
  records = 0;
  recordBytes = 0;
  indexEntries = 0;
  keyFiles = 0;
  damageCount = 0;
  /** the first ones, in the order of the log */
  readonly damage: Damage[] = [];
  /** what is no damage, and good to know */
  readonly notes: string[] = [];

  damaged(file: string, physicalOffset: number | undefined, what: string): void {
    this.damageCount++;
    if (this.damage.length < MOST_LISTED) this.damage.push({ file, physicalOffset, what });
  }
}
