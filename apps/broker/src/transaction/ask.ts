import {
  checkTransactionState,
  encodeOffsetMessageId,
  type CheckTransactionStateHeader,
} from '@halfmq/remoting';
import type { HalfMessage, MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { ProducerChannel } from '../directory/producers.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Asked } from './check-history.js';
import { checkBody, readHalf } from './half-record.js';

/** A producer's declaration that it answers for every topic of its group. */
const EVERY_TOPIC = '*';

/** How many bytes were written to whom. */
export interface Question {
  readonly whom: Asked;
  readonly bytes: number;
}

/** Nobody: there is no producer that can answer now. */
export type NotAsked = 'nobody' | 'unreadable';

/** Puts the question CHECK_TRANSACTION_STATE to a producer that can answer it. */
export class Ask {
  constructor(
    private readonly store: Pick<MessageStore, 'recordAt'>,
    private readonly clients: Pick<Clients, 'producers' | 'isProducing'>,
    private readonly config: Pick<BrokerConfig, 'brokerName'>,
  ) {}

  /**
   * Live connections of the group that can answer for the topic: those that declared it or sent for it; without any,
   * those that declared nothing and sent nothing yet. Never one that is known for other topics only: it would answer
   * for a transaction it has never heard of.
   */
  whoCanAnswer(group: string, topic: string): ProducerChannel[] {
    const live = this.clients
      .producers(group)
      .filter(({ connection }) => connection.open && connection.writable);
    const named = live.filter((channel) => answersFor(channel, topic));
    return named.length > 0 ? named : live.filter(isUnknown);
  }

  /** Whether any producer of the group is connected, whatever it can answer for. */
  knowsProducer(group: string): boolean {
    return this.clients.isProducing(group);
  }

  /**
   * Each next check of one half message goes to the next connection, and those of many are spread over all.
   * @param channels who can answer, where that is known already
   */
  ask(
    half: HalfMessage,
    channels: readonly ProducerChannel[] = this.whoCanAnswer(half.producerGroup, half.topic),
  ): Question | NotAsked {
    if (channels.length === 0) return 'nobody';
    const words = this.words(half);
    if (!words) return 'unreadable';
    const { header, body } = words;
    const first = half.halfOffset + half.checks;
    for (let turn = 0; turn < channels.length; turn++) {
      const channel = channels[(first + turn) % channels.length];
      if (!channel?.connection.oneWay(checkTransactionState, header, body)) continue;
      const { clientId, connection } = channel;
      return { whom: { clientId, address: connection.remoteAddress }, bytes: body.length };
    }
    return 'nobody';
  }

  /** What the question says; undefined when the record cannot be read. */
  words(half: HalfMessage): { header: CheckTransactionStateHeader; body: Buffer } | undefined {
    const record = readHalf(this.store, half);
    if (!record) return undefined;
    const header = {
      topic: SystemTopic.HALF,
      tranStateTableOffset: half.halfOffset,
      commitLogOffset: half.physicalOffset,
      msgId: half.uniqueKey,
      transactionId: half.uniqueKey,
      offsetMsgId: encodeOffsetMessageId(record.record.storeHost, half.physicalOffset),
      bname: this.config.brokerName,
    };
    return { header, body: checkBody(record, half) };
  }
}

function answersFor({ transactionalTopics, sentTopics }: ProducerChannel, topic: string): boolean {
  return (
    sentTopics.has(topic) ||
    transactionalTopics?.has(topic) === true ||
    transactionalTopics?.has(EVERY_TOPIC) === true
  );
}

function isUnknown({ transactionalTopics, sentTopics }: ProducerChannel): boolean {
  return transactionalTopics === undefined && sentTopics.size === 0;
}
