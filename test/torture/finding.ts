export type Outcome = 'holds' | 'breaks' | 'not applicable' | 'not tried';

/** `what`: what was seen, or why nothing could be, in one line. */
export interface Finding {
  readonly outcome: Outcome;
  readonly what: string;
}

export const holds = (what: string): Finding => ({ outcome: 'holds', what });
export const breaks = (what: string): Finding => ({ outcome: 'breaks', what });
export const notApplicable = (why: string): Finding => ({ outcome: 'not applicable', what: why });

/** Holds with `what`, unless something is wrong. */
export function unless(wrong: readonly (string | false | undefined)[], what: string): Finding {
  const all = wrong.filter((one) => typeof one === 'string');
  return all.length === 0 ? holds(what) : breaks(all.join('; '));
}

export function times(count: number): string {
  if (count === 0) return 'never';
  if (count === 1) return 'once';
  return count === 2 ? 'twice' : `${count} times`;
}
