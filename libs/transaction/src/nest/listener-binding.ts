import type { HalfmqClient } from '../client.js';
import type { ReceivedMessage, TransactionState } from '../message.js';
import type { HalfMessages } from '../transaction/half-messages.js';
import { stampOf } from '../transaction/half-messages.js';
import type { BodyChecks } from './body-checks.js';
import type { FoundListener } from './explorer.js';
import type { BoundListener } from './messages.js';

/** Answers for the transactions that `Transactions.run` has sent. */
interface RunChecks {
  check(message: ReceivedMessage): Promise<TransactionState>;
}

/** Gives each listener a transactional producer: what the brokers ask about its group and topic goes to it. */
export class ListenerBinding {
  constructor(
    private readonly client: HalfmqClient,
    private readonly checks: BodyChecks,
    private readonly whenConnected: (halves: HalfMessages) => HalfMessages,
  ) {}

  bind(listeners: readonly FoundListener[], runs: RunChecks | undefined): BoundListener[] {
    return listeners.map((found) => {
      const { group, topic } = found.definition;
      const producer = this.client.transactionProducer({
        group,
        topics: [topic.name],
        // in the application's own group a half message of the same topic may come from Transactions.run
        check: async (message) =>
          runs && stampOf(message) ? runs.check(message) : this.check(found, message),
      });
      const halves = this.whenConnected(producer);
      return { group, topicName: topic.name, listener: found.listener, halves };
    });
  }

  private async check(
    { definition, listener }: FoundListener,
    message: ReceivedMessage,
  ): Promise<TransactionState> {
    const body = await this.checks.incoming(definition.topic, message.body);
    const { topic, keys, messageId } = message;
    return listener.check({ topic, body, keys, transactionId: messageId });
  }
}
