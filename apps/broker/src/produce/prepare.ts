import {
  formatProperties,
  PropertyName,
  StatusError,
  SysFlag,
  type Clock,
  type Host,
} from '@halfmq/remoting';
import type { MessageStore, NewMessage } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Delay } from './delay.js';
import type { Destination } from './destination.js';
import { ended, halfMessage } from './half.js';
import { refuseOtherType } from './message-type.js';
import { queueOfKey } from './ordering-key.js';
import { plainHeader } from './plain-header.js';
import type { BrokerProperties } from './send-properties.js';

/** A message of a transaction, as its door has read it. */
export interface PreparedMessage {
  readonly topic: string;
  readonly body: Buffer;
  /** as on the wire; a delay begins at the commit */
  readonly properties: string;
  /** messages of one key go to one queue, in their order */
  readonly shardingKey: string | undefined;
}

export interface NewTransaction {
  /** HALFMQ_TX, made by whoever begins it */
  readonly id: string;
  readonly group: string;
  readonly messages: readonly PreparedMessage[];
  readonly bornHost: Host;
  /** where the broker asks; without it a producer of the group is asked */
  readonly checkUrl?: string | undefined;
  /** until the first check; in whole seconds, rounded up */
  readonly checkAfterMs?: number | undefined;
}

/** Prepares a transaction of several half messages at once: all are stored in one append, or none. */
export class Prepare {
  constructor(
    private readonly config: Pick<
      BrokerConfig,
      'maxMessageSize' | 'rejectTransactionMessage' | 'enableTopicMessageTypeCheck' | 'brokerIP1'
    >,
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'append'>,
    private readonly destination: Destination,
    private readonly properties: BrokerProperties,
    private readonly delay: Delay,
    private readonly refusal: (waitedMs: number) => StatusError | undefined,
  ) {}

  /**
   * What would be stored; topics that may be are made.
   * @throws StatusError
   */
  halves(transaction: NewTransaction): NewMessage[] {
    const refusal = this.refusal(0);
    if (refusal) throw refusal;
    if (this.config.rejectTransactionMessage) {
      throw new StatusError(
        'NO_PERMISSION',
        `the broker[${this.config.brokerIP1}] sending transaction message is forbidden`,
      );
    }
    for (const { body } of transaction.messages) this.refuseBody(body);
    return transaction.messages.map((message) => this.half(transaction, message));
  }

  /**
   * Resolves when they are stored, and synced where that is configured.
   * @returns their half offsets
   * @throws StoreError nothing is stored
   */
  place(halves: readonly NewMessage[]): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const places = this.store.append(halves, (error) =>
        error ? reject(error) : resolve(places.map(({ queueOffset }) => queueOffset)),
      );
    });
  }

  private half(
    transaction: NewTransaction,
    { topic: name, body, properties: sent, shardingKey }: PreparedMessage,
  ): NewMessage {
    const { group, bornHost } = transaction;
    const now = this.clock.now();
    const header = plainHeader({ producerGroup: group, topic: name, bornTimestamp: now });
    const topic = this.destination.topic(header);
    const chosen = shardingKey === undefined ? -1 : queueOfKey(shardingKey, topic.writeQueueNums);
    const queueId = this.destination.queue(topic, chosen);
    const { properties, uniqueKey } = this.properties.add(ended(sent) + ofTransaction(transaction));
    if (this.config.enableTopicMessageTypeCheck) refuseOtherType(topic, properties);
    const message: NewMessage = {
      topic: topic.topicName,
      queueId,
      flag: 0,
      sysFlag: topic.topicFilterType === 'MULTI_TAG' ? SysFlag.MULTI_TAGS : 0,
      bornTimestamp: now,
      bornHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body,
      properties,
    };
    // an illegal delay is refused now, while somebody can still do something about it
    this.delay.of(message);
    return halfMessage(message, uniqueKey, group);
  }

  private refuseBody(body: Buffer): void {
    if (body.length === 0) throw new StatusError('MESSAGE_ILLEGAL', 'the message body is empty');
    const limit = this.config.maxMessageSize;
    if (body.length <= limit) return;
    throw new StatusError(
      'MESSAGE_ILLEGAL',
      `the message body has ${body.length} bytes, the limit is maxMessageSize ${limit}`,
    );
  }
}

/** What makes a message a half message of it. */
export function ofTransaction({ id, group, checkAfterMs, checkUrl = '' }: NewTransaction): string {
  const seconds = checkAfterMs === undefined ? '' : String(Math.ceil(checkAfterMs / 1000));
  return formatProperties([
    [PropertyName.TRAN_MSG, 'true'],
    [PropertyName.PGROUP, group],
    [PropertyName.HALFMQ_TX, id],
    [PropertyName.CHECK_IMMUNITY_TIME_IN_SECONDS, seconds],
    [PropertyName.HALFMQ_CHECK_URL, checkUrl],
  ]);
}
