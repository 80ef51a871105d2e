import { parseRecallHandle, SysFlag, type Clock } from '@halfmq/remoting';
import { acceptedBy } from '../produce/message-type.js';
import type { Soon } from '../soon.js';
import type { Broker, Brokers, Placed, Producer } from './brokers.js';
import type { Caller } from './caller.js';
import { common, OK, Refusal, statusOf } from './codes.js';
import type { EndTransactionRequest, Maybe, Message, Resource, SendResultEntry, Status } from './contract.js';
import { reaching } from './elsewhere/reaching.js';
import { topicOf } from './names.js';
import { sentMessage, type SendLimits, type SentMessage } from './sent-message.js';
import type { Sessions } from './sessions.js';
import { formatTransactionId, parseTransactionId, verdictOn } from './transaction-id.js';

const RESOLUTION: Readonly<Record<string, number>> = {
  COMMIT: SysFlag.TRANSACTION_COMMIT,
  ROLLBACK: SysFlag.TRANSACTION_ROLLBACK,
};

type Taking = Awaited<ReturnType<Brokers['toSend']>>;

/** Messages in, verdicts on them, and back out of their wait. A producer has no group here: the topic's name is its group. */
export class Producing {
  constructor(
    private readonly config: SendLimits,
    private readonly clock: Clock,
    private readonly brokers: Brokers,
    private readonly sessions: Sessions,
  ) {}

  /** Each has its own answer; they are stored in one group when nothing is wrong. */
  async send(
    messages: readonly Message[],
    caller: Caller,
  ): Promise<{ status: Status; entries: SendResultEntry[] }> {
    const [first] = messages;
    if (!first) throw new Refusal('MESSAGE_CORRUPTED', 'a message expected, got none');
    const topic = topicOf(first.topic, this.brokers);
    if (messages.some((message) => message.topic?.name !== topic))
      throw new Refusal('MESSAGE_CORRUPTED', 'messages of one topic expected, got several topics');
    if (messages.length === 1) {
      const entry = await this.entry(topic, first, caller);
      return { status: entry.status, entries: [entry] };
    }
    const entries = await Promise.all(messages.map((message) => this.entry(topic, message, caller)));
    return { status: common(entries.map(({ status }) => status)), entries };
  }

  private async entry(topic: string, message: Message, caller: Caller): Promise<SendResultEntry> {
    try {
      const sent = sentMessage(message, this.config, this.clock.now());
      const producer = this.producer(sent, caller);
      const to = this.brokers.toSend(topic, sent.messageGroup);
      if (to instanceof Promise) return await this.elsewhere(topic, sent, producer, to);
      // a promise fewer for each that is in between: there is one of these for every message
      return entryOf(sent, to.broker, await to.broker.send(topic, sent, producer, to.queueId));
    } catch (error) {
      const status = statusOf(error);
      if (!status) throw error;
      return { status, messageId: message.systemProperties?.messageId ?? '' };
    }
  }

  /** @param first who takes it, unless it cannot be reached */
  private elsewhere(
    topic: string,
    sent: SentMessage,
    producer: Producer,
    first: Soon<Taking>,
  ): Promise<SendResultEntry> {
    let next: Soon<Taking> | undefined = first;
    return reaching(sent.messageGroup, async () => {
      const { broker, queueId } = await (next ?? this.brokers.toSend(topic, sent.messageGroup));
      next = undefined;
      return entryOf(sent, broker, await broker.send(topic, sent, producer, queueId));
    });
  }

  /** @throws Refusal UNRECOGNIZED_CLIENT_TYPE */
  private producer({ type }: SentMessage, caller: Caller): Producer {
    const peer = this.sessions.find(caller.clientId)?.peer;
    if (peer || type !== 'TRANSACTION') return { caller, peer };
    throw new Refusal(
      'UNRECOGNIZED_CLIENT_TYPE',
      'no telemetry stream with settings: nobody could be asked about it',
    );
  }

  async endTransaction(request: EndTransactionRequest, caller: Caller): Promise<{ status: Status }> {
    const topic = topicOf(request.topic, this.brokers);
    const { messageId: msgId, transactionId, resolution, source } = request;
    const place = parseTransactionId(transactionId);
    if (!place)
      throw new Refusal(
        'INVALID_TRANSACTION_ID',
        `a transaction id of the send's answer expected, got "${transactionId}"`,
      );
    const said = {
      topic,
      producerGroup: topic,
      commitOrRollback: RESOLUTION[resolution] ?? SysFlag.TRANSACTION_NOT,
      fromTransactionCheck: source === 'SOURCE_SERVER_CHECK',
    };
    const broker = await this.brokers.named(place.brokerName, topic);
    await broker.endTransaction({ ...verdictOn(place, said), msgId }, caller);
    return { status: OK };
  }

  async recall(
    resource: Maybe<Resource>,
    recallHandle: string,
  ): Promise<{ status: Status; messageId: string }> {
    const topic = topicOf(resource, this.brokers);
    const kinds = await this.brokers.kinds(topic);
    if (!acceptedBy(kinds).includes('DELAY'))
      throw new Refusal('MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', `topic ${topic} has no delayed messages`);
    const named = parseRecallHandle(recallHandle)?.brokerName;
    const broker = await (named === undefined
      ? this.brokers.toReceive(topic, '')
      : this.brokers.named(named, topic));
    return { status: OK, messageId: await broker.recall(topic, recallHandle) };
  }
}

function entryOf({ type, messageId }: SentMessage, { name }: Broker, placed: Placed): SendResultEntry {
  const { status, offset, physicalOffset, recallHandle } = placed;
  if (type !== 'TRANSACTION') return { status, messageId, offset, recallHandle };
  const place = { halfOffset: offset, physicalOffset, brokerName: name, uniqueKey: messageId };
  return { status, messageId, offset, transactionId: formatTransactionId(place) };
}
