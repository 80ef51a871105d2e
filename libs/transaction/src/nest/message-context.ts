import { BaseRpcContext } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { InvalidOption } from '../errors.js';
import type { HandlingContext } from '../consumer/handling.js';
import type { ReceivedMessage } from '../message.js';
import type { SendOptions, TopicOrName } from '../topic.js';
import type { Send } from '../transaction/callback.js';

/** The transaction a message is handled in. */
export interface SurroundingTransaction<Manager = EntityManager> {
  readonly manager: Manager;
  readonly send: Send;
  readonly id: string;
}

/** What a handler may know besides the body: `@Ctx() context: MessageContext`. */
export class MessageContext<Manager = EntityManager> extends BaseRpcContext<[ReceivedMessage]> {
  constructor(
    /** consumer group it is handled for */
    readonly group: string,
    /** topic, tag, keys, properties, ids, times */
    readonly message: ReceivedMessage,
    private readonly handling: HandlingContext,
    private readonly transaction?: SurroundingTransaction<Manager>,
  ) {
    super([message]);
  }

  /** UNIQ_KEY: the same on every delivery */
  get messageId(): string {
    return this.message.messageId;
  }

  /** 0 on the first delivery */
  get reconsumeTimes(): number {
    return this.message.reconsumeTimes;
  }

  /** Aborted when the handler has had its time: the message comes again. */
  get signal(): AbortSignal {
    return this.handling.signal;
  }

  /** of the surrounding transaction; undefined without dedupe: 'transaction' */
  get transactionId(): string | undefined {
    return this.transaction?.id;
  }

  /** of the surrounding transaction; undefined without dedupe: 'transaction' */
  get manager(): Manager | undefined {
    return this.transaction?.manager;
  }

  /**
   * Sends a message that becomes visible if, and only if, this handler's transaction commits.
   * @throws InvalidOption without dedupe: 'transaction'
   */
  send<T>(topic: TopicOrName<T>, body: T, options?: SendOptions): void {
    if (!this.transaction) {
      throw new InvalidOption(
        "context.send() belongs to a transaction: set dedupe: 'transaction' on the handler, or inject Messages",
      );
    }
    this.transaction.send(topic, body, options);
  }
}
