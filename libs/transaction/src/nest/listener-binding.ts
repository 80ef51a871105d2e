import type { HalfmqClient } from '../client.js';
import { InvalidOption } from '../errors.js';
import { type ReceivedMessage, TransactionState } from '../message.js';
import type { HalfMessages } from '../transaction/half-messages.js';
import { stampOf } from '../transaction/half-messages.js';
import type { TransactionProducer } from '../transaction/transaction-producer.js';
import type { BodyChecks } from './body-checks.js';
import type { FoundListener } from './explorer.js';
import type { BoundListener, Runs } from './messages.js';

/** The database of the application, or why there is none. */
export interface Database {
  readonly runs: Runs | undefined;
  readonly missing: string | undefined;
}

/** Gives each listener a transactional producer: what the brokers ask about its group and topic goes to it. */
export class ListenerBinding {
  constructor(
    private readonly client: HalfmqClient,
    private readonly checks: BodyChecks,
    private readonly whenConnected: (producer: TransactionProducer) => HalfMessages,
  ) {}

  /** @throws InvalidOption for a listener without a check where no barrier answers */
  bind(listeners: readonly FoundListener[], database: Database): BoundListener[] {
    const { runs, missing } = database;
    const mute = listeners.find(({ listener }) => !listener.check);
    if (mute && !runs) {
      throw new InvalidOption(
        `${mute.where} has no check(), and no barrier answers for it: ${missing}; or write a check()`,
      );
    }
    return listeners.map((found) => {
      const { group, topic } = found.definition;
      const producer = this.client.transactionProducer({
        group,
        topics: [topic.name],
        // in the application's own group a half message of the same topic may come from Transactions.run
        check: async (message) =>
          runs && stampOf(message) ? runs.check(message) : this.check(found, message),
        preview: runs && ((message) => runs.preview(message)),
      });
      const halves = this.whenConnected(producer);
      const { listener, where } = found;
      return { group, topicName: topic.name, where, listener, halves, runs };
    });
  }

  private async check(
    { definition, listener }: FoundListener,
    message: ReceivedMessage,
  ): Promise<TransactionState> {
    if (!listener.check) return TransactionState.Unknown;
    const body = await this.checks.incoming(definition.topic, message);
    const { topic, keys, messageId } = message;
    return listener.check({ topic, body, keys, transactionId: messageId });
  }
}
