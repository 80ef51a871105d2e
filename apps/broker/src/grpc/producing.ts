import {
  CURRENT_VERSION,
  decodeOffsetMessageId,
  JSON_HEADER,
  NO_ANSWER,
  StatusError,
  SysFlag,
  type Clock,
  type Outcome,
  type SendMessageAnswer,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { Topics } from '../directory/topics.js';
import type { Destination } from '../produce/destination.js';
import { queueOfKey } from '../produce/ordering-key.js';
import { plainHeader } from '../produce/plain-header.js';
import type { Recall } from '../produce/recall.js';
import type { Send } from '../produce/send.js';
import type { EndTransaction } from '../transaction/end-transaction.js';
import type { Caller } from './caller.js';
import { common, OK, Refusal, statusOf } from './codes.js';
import type { EndTransactionRequest, Maybe, Message, Resource, SendResultEntry, Status } from './contract.js';
import { acceptedBy } from '../produce/message-type.js';
import { refuseOtherType } from './message-types.js';
import { topicOf } from './names.js';
import { sentMessage, type SendLimits, type SentMessage } from './sent-message.js';
import type { Sessions } from './sessions.js';
import { formatTransactionId, parseTransactionId } from './transaction-id.js';

const RESOLUTION: Readonly<Record<string, number>> = {
  COMMIT: SysFlag.TRANSACTION_COMMIT,
  ROLLBACK: SysFlag.TRANSACTION_ROLLBACK,
};

const nothing = (): void => undefined;

/** Messages in, verdicts on them, and back out of their wait. A producer has no group here: the topic's name is its group. */
export class Producing {
  constructor(
    private readonly config: SendLimits,
    private readonly clock: Clock,
    private readonly topics: Topics,
    private readonly sends: Send,
    private readonly destination: Destination,
    private readonly recalls: Recall,
    private readonly ending: EndTransaction,
    private readonly sessions: Sessions,
  ) {}

  /** Each has its own answer; they are stored in one group when nothing is wrong. */
  async send(
    messages: readonly Message[],
    caller: Caller,
  ): Promise<{ status: Status; entries: SendResultEntry[] }> {
    const [first] = messages;
    if (!first) throw new Refusal('MESSAGE_CORRUPTED', 'a message expected, got none');
    const topic = topicOf(first.topic, this.topics);
    if (messages.some((message) => message.topic?.name !== topic))
      throw new Refusal('MESSAGE_CORRUPTED', 'messages of one topic expected, got several topics');
    const entries = await Promise.all(messages.map((message) => this.entry(topic, message, caller)));
    return { status: common(entries.map(({ status }) => status)), entries };
  }

  private async entry(topic: string, message: Message, caller: Caller): Promise<SendResultEntry> {
    try {
      return await this.one(topic, sentMessage(message, this.config, this.clock.now()), caller);
    } catch (error) {
      const status = statusOf(error);
      if (!status) throw error;
      return { status, messageId: message.systemProperties?.messageId ?? '' };
    }
  }

  private async one(topic: string, sent: SentMessage, caller: Caller): Promise<SendResultEntry> {
    const header = this.header(topic, sent);
    const { messageId } = sent;
    const { answer, status } = await this.stored(header, sent, caller);
    const { queueOffset: offset, recallHandle } = answer;
    if (sent.type !== 'TRANSACTION') return { status, messageId, offset, recallHandle };
    const physicalOffset = decodeOffsetMessageId(answer.msgId)?.physicalOffset ?? 0;
    const place = { halfOffset: offset, physicalOffset, uniqueKey: messageId };
    return { status, messageId, offset, transactionId: formatTransactionId(place) };
  }

  private header(topic: string, sent: SentMessage): SendMessageHeader {
    const { sysFlag, bornTimestamp, properties } = sent;
    const header = plainHeader({ producerGroup: topic, topic, bornTimestamp, sysFlag, properties });
    const config = this.destination.topic(header);
    refuseOtherType(config, sent.type);
    if (sent.messageGroup === undefined) return header;
    return { ...header, queueId: queueOfKey(sent.messageGroup, config.writeQueueNums) };
  }

  /** One that was stored and not synced in time has its place, and a status that says so. */
  private stored(
    header: SendMessageHeader,
    { body, type }: SentMessage,
    caller: Caller,
  ): Promise<{ answer: SendMessageAnswer; status: Status }> {
    const peer = this.sessions.find(caller.clientId)?.peer;
    if (!peer && type === 'TRANSACTION')
      throw new Refusal(
        'UNRECOGNIZED_CLIENT_TYPE',
        'no telemetry stream with settings: nobody could be asked about it',
      );
    const { host: bornHost, language } = caller;
    const version = CURRENT_VERSION;
    return new Promise((resolve, reject) => {
      const sender = { bornHost, version, context: peer && { peer, version, language } };
      const answer = this.sends.message(header, body, sender, (error) => {
        if (!error) resolve({ answer, status: OK });
        else if (error.kind === 'sync-timeout') resolve({ answer, status: statusOf(error) ?? OK });
        else reject(error);
      });
    });
  }

  async endTransaction(request: EndTransactionRequest, caller: Caller): Promise<{ status: Status }> {
    const topic = topicOf(request.topic, this.topics);
    const { messageId: msgId, transactionId, resolution, source } = request;
    const place = parseTransactionId(transactionId);
    if (!place)
      throw new Refusal(
        'INVALID_TRANSACTION_ID',
        `a transaction id of the send's answer expected, got "${transactionId}"`,
      );
    const header = {
      topic,
      producerGroup: topic,
      tranStateTableOffset: place.halfOffset,
      commitLogOffset: place.physicalOffset,
      commitOrRollback: RESOLUTION[resolution] ?? SysFlag.TRANSACTION_NOT,
      fromTransactionCheck: source === 'SOURCE_SERVER_CHECK',
      msgId,
      transactionId: place.uniqueKey,
    };
    const { status, remark } = await new Promise<Outcome>((resolve) => {
      const peer = {
        remoteAddress: caller.address,
        owes: nothing,
        reply: (_: unknown, said: Outcome) => resolve(said),
      };
      const now = this.ending.end(header, {
        oneWay: false,
        opaque: 0,
        serializeType: JSON_HEADER,
        remark: undefined,
        peer,
      });
      if (now !== NO_ANSWER) resolve(now);
    });
    if (status !== 'OK') throw new StatusError(status, remark);
    return { status: OK };
  }

  async recall(
    resource: Maybe<Resource>,
    recallHandle: string,
  ): Promise<{ status: Status; messageId: string }> {
    const topic = topicOf(resource, this.topics);
    const config = this.topics.find(topic);
    if (config && !acceptedBy(config).includes('DELAY'))
      throw new Refusal('MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', `topic ${topic} has no delayed messages`);
    return { status: OK, messageId: await this.recalls.recall({ topic, recallHandle }) };
  }
}
