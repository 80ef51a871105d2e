import type { HalfTable } from './half-table.js';
import type { Owed } from './part.js';

/** Records of all that are undecided; one that is decided meanwhile is passed over. */
export function* owedHalves({ rows }: HalfTable): Generator<Owed> {
  for (let row = rows.ceiling(0); row;) {
    const { halfOffset, physicalOffset } = row;
    yield {
      physicalOffset,
      isOwed: () => rows.find(halfOffset) !== undefined,
      decided: () => (rows.find(halfOffset)?.isParked === true ? { type: 'parked', halfOffset } : undefined),
    };
    row = rows.ceiling(halfOffset + 1);
  }
}
