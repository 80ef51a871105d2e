import { ResponseCode, type Command, type ExtFields } from '@halfmq/remoting';
import { refusal, type BrokerAddress } from '../broker-requests.js';
import { type Decided, VerdictConflict } from '../errors.js';

/** Response codes, and what each says has been decided before. */
const DECIDED: ReadonlyMap<number, Decided['verdict']> = new Map([
  [ResponseCode.TRANSACTION_SHOULD_COMMIT, 'commit'],
  [ResponseCode.TRANSACTION_SHOULD_ROLLBACK, 'rollback'],
]);

const WHO = ['producer', 'check', 'operator'] as const;

/**
 * Reads what an END was answered with.
 * @throws VerdictConflict, BrokerRefused
 */
export function accept(
  answer: Command,
  broker: BrokerAddress,
  transactionId: string,
  wanted: Decided['verdict'],
): void {
  const verdict = DECIDED.get(answer.code);
  if (answer.code === ResponseCode.SUCCESS || verdict === wanted) return;
  if (verdict) throw new VerdictConflict(transactionId, decided(verdict, answer.extFields ?? {}), wanted);
  throw refusal(broker, answer);
}

/** Fields of our brokers' own; others name the verdict alone. */
function decided(verdict: Decided['verdict'], fields: ExtFields): Decided {
  const at = Number(fields['verdictAt'] ?? Number.NaN);
  return {
    verdict,
    by: WHO.find((who) => who === fields['verdictBy']),
    operator: fields['verdictOperator'],
    at: Number.isSafeInteger(at) ? new Date(at) : undefined,
    reason: fields['verdictReason'],
  };
}
