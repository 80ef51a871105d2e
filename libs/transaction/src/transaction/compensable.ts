import { InvalidOption } from '../errors.js';
import type { Step, StepFound } from './barrier.js';
import type { RunOptions, TransactionCallback } from './callback.js';

/** done: the callback ran. repeated: it had run before. cancelled: `cancel` came first, so it must never run. */
export type TryOutcome = 'done' | 'repeated' | 'cancelled';

/** undone: the callback ran. repeated: it had run before. nothing: there is nothing to undo, and never will be. */
export type CancelOutcome = 'undone' | 'repeated' | 'nothing';

type RunStep<Manager> = (
  step: Step,
  callback: TransactionCallback<Manager, unknown>,
  options: RunOptions | undefined,
) => Promise<StepFound>;

/**
 * An action and what undoes it, told apart by a business id: `compensable('charge').try(orderId, …)` here, and
 * `compensable('charge').cancel(orderId, …)` when the rest of the business failed. Messages bring the two in any order
 * and more than once; the row of the pair, written in the same transaction as the callback's own writes, makes that
 * safe:
 *
 *     no row ── try ─▶ tried ── cancel ─▶ cancelled
 *        └───────────── cancel ─────────────▲          (empty compensation; a try that hangs behind finds it, and is not done)
 */
export class CompensablePair<Manager> {
  constructor(
    private readonly runStep: RunStep<Manager>,
    private readonly name: string,
  ) {
    if (name === '') throw new InvalidOption('compensable: a name expected, the same for try and cancel');
  }

  /** Runs `callback` in a transaction, as `run` does, unless it was done or cancelled before. */
  async try(
    id: string,
    callback: TransactionCallback<Manager, unknown>,
    options?: RunOptions,
  ): Promise<TryOutcome> {
    const found = await this.step('try', id, callback, options);
    return found === 'first' ? 'done' : (found as 'repeated' | 'cancelled');
  }

  /** Runs `callback` in a transaction, as `run` does, if the action was done and not undone before. */
  async cancel(
    id: string,
    callback: TransactionCallback<Manager, unknown>,
    options?: RunOptions,
  ): Promise<CancelOutcome> {
    const found = await this.step('cancel', id, callback, options);
    return found === 'first' ? 'undone' : (found as 'repeated' | 'nothing');
  }

  private step(
    kind: Step['kind'],
    id: unknown,
    callback: TransactionCallback<Manager, unknown>,
    options: RunOptions | undefined,
  ): Promise<StepFound> {
    const { name } = this;
    if (typeof id !== 'string' || id === '') {
      throw new InvalidOption(`compensable ${name}: the business id must be text, got ${JSON.stringify(id)}`);
    }
    return this.runStep({ kind, name, id }, callback, options);
  }
}
