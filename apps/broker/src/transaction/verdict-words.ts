import { StatusError, type ExtValues, type StatusName } from '@halfmq/remoting';
import type { Verdict } from '@halfmq/store';

/** What a verdict that comes second is answered with. */
const ALREADY: Readonly<Record<Verdict['kind'], StatusName>> = {
  commit: 'TRANSACTION_ALREADY_COMMITTED',
  rollback: 'TRANSACTION_ALREADY_ROLLED_BACK',
};

/** A verdict that came second and is not the first one's. */
export class VerdictContradicted extends StatusError {
  constructor(
    halfOffset: number,
    readonly decided: Verdict,
  ) {
    super(
      ALREADY[decided.kind],
      `half message ${halfOffset} was ${describeVerdict(decided)}; the first verdict is final`,
    );
  }
}

/** `committed by a check at 2026-11-25T22:41:01.000Z`: who decided, what and when. */
export function describeVerdict(verdict: Verdict): string {
  const { kind, at, reason } = verdict;
  const what = kind === 'commit' ? 'committed' : 'rolled back';
  const when = new Date(at).toISOString();
  return `${what} by ${speaker(verdict)} at ${when}${reason === undefined ? '' : ` (${reason})`}`;
}

function speaker({ by, operator }: Verdict): string {
  const who = { producer: 'its producer', check: 'an answer to a check', operator: 'an operator' }[by];
  return operator === undefined ? who : `operator ${operator}`;
}

/** The same for programs: fields of the answer that no client of RocketMQ's looks for. */
export function verdictFields({ kind, by, at, reason, operator }: Verdict): ExtValues {
  return {
    verdict: kind,
    verdictBy: by,
    verdictAt: at,
    verdictReason: reason,
    verdictOperator: operator,
  };
}
