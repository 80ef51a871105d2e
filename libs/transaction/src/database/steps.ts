import type { Step, StepFound } from '../transaction/barrier.js';
import type { Connection } from './connection.js';

/** How a dialect changes the rows of `halfmq_step`. */
export interface StepStatements {
  /** name, id, state. @returns false when there is a row for name and id */
  insert(row: readonly [string, string, string]): Promise<boolean>;
  /** of name and id, where it was tried */
  readonly cancel: string;
  /** the state of name and id, as it is now */
  readonly read: string;
}

/** `Dialect.enter`, for any of them. */
export async function enterRow(
  connection: Connection,
  { kind, name, id }: Step,
  statements: StepStatements,
): Promise<StepFound> {
  if (kind === 'cancel') {
    if (await statements.insert([name, id, 'cancelled'])) return 'nothing';
    const { changed } = await connection.query(statements.cancel, [name, id]);
    return changed > 0 ? 'first' : 'repeated';
  }
  if (await statements.insert([name, id, 'tried'])) return 'first';
  const { rows } = await connection.query(statements.read, [name, id]);
  const state = rows[0]?.['state'];
  if (state === 'cancelled') return 'cancelled';
  if (state === 'tried') return 'repeated';
  throw new Error(`the step ${name} of ${id} was there and is gone: who has deleted its row?`);
}
