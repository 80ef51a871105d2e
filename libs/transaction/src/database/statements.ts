import { InvalidOption } from '../errors.js';

/**
 * The statements of a manager while its callback runs. One that nobody waited for would otherwise be queued behind
 * COMMIT or ROLLBACK, and commit on its own.
 */
export class Statements {
  private running = 0;
  private sealed = false;
  private failures = 0;

  /** whether one has failed so far */
  get failed(): boolean {
    return this.failures > 0;
  }

  /** @returns false when one is still running */
  seal(): boolean {
    this.sealed = true;
    return this.running === 0;
  }

  /** For those who are told of the commit, and may still write. */
  unseal(): void {
    this.sealed = false;
  }

  /** @throws InvalidOption when the callback has ended */
  mayBegin(): void {
    if (this.sealed)
      throw new InvalidOption(`a statement came after the callback of its transaction: ${ADVICE}`);
  }

  /** @returns `result` */
  watch<R>(result: R): R {
    if (!(result instanceof Promise)) return result;
    this.running++;
    const ended = (): void => void this.running--;
    result.then(ended, () => {
      this.failures++;
      ended();
    });
    return result;
  }
}

export const ADVICE = 'await everything inside it';
