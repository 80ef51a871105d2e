import { BaseRpcContext } from '@nestjs/microservices';
import type { BatchContext } from '../consumer/handling.js';
import { InvalidOption } from '../errors.js';
import type { ReceivedMessage } from '../message.js';

/** What a handler with `batch` may know besides the bodies: `@Ctx() context: BatchMessageContext`. */
export class BatchMessageContext extends BaseRpcContext<ReceivedMessage[]> {
  constructor(
    /** consumer group they are handled for */
    readonly group: string,
    /** one a body, in the same order */
    readonly messages: readonly ReceivedMessage[],
    private readonly handling: BatchContext,
  ) {
    super([...messages]);
  }

  /** Aborted when the handler has had its time: the messages come again. */
  get signal(): AbortSignal {
    return this.handling.signal;
  }

  /**
   * The message of this body has failed; the others have not for that.
   * @param error what a handler of one message would have thrown: RetryIn, DeadLetter, Skip and PauseGroup, too
   * @throws InvalidOption for an index that no body has
   */
  fail(index: number, error: unknown): void {
    const message = this.messages[index];
    if (!message) throw new InvalidOption(`fail: 0 to ${this.messages.length - 1} expected, got ${index}`);
    this.handling.fail(message, error);
  }
}
