import { StatusError } from '@halfmq/remoting';

/** header: who decides as an operator */
export const OPERATOR = 'x-halfmq-operator';
const LONGEST_NAME = 100;

/** @throws StatusError INVALID_PARAMETER */
export function nameOf(operator: string | undefined): string | undefined {
  const name = operator?.trim();
  if (name === undefined || name === '') return undefined;
  if (name.length <= LONGEST_NAME) return name;
  throw new StatusError('INVALID_PARAMETER', `${OPERATOR} is a name of at most ${LONGEST_NAME} characters`);
}
