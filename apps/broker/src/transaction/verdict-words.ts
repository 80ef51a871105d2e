import type { StatusName } from '@halfmq/remoting';
import type { Verdict } from '@halfmq/store';

/** What a verdict that comes second is answered with. */
export const ALREADY: Readonly<Record<Verdict['kind'], StatusName>> = {
  commit: 'TRANSACTION_ALREADY_COMMITTED',
  rollback: 'TRANSACTION_ALREADY_ROLLED_BACK',
};

/** `committed by a check at 2026-11-25T22:41:01.000Z`: who decided, what and when. */
export function describeVerdict({ kind, by, at, reason }: Verdict): string {
  const what = kind === 'commit' ? 'committed' : 'rolled back';
  const who = { producer: 'its producer', check: 'an answer to a check', operator: 'an operator' }[by];
  const when = new Date(at).toISOString();
  return `${what} by ${who} at ${when}${reason === undefined ? '' : ` (${reason})`}`;
}
