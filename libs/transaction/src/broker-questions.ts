import {
  checkTransactionState,
  consumeMessageDirectly,
  decodeRecord,
  decodeResetOffsets,
  DONE,
  encodeConsumeDirectlyResult,
  encodeConsumerRunningInfo,
  encodeMemberOffsets,
  getConsumerRunningInfo,
  getConsumerStatusFromClient,
  HandlerTable,
  NO_ANSWER,
  notifyConsumerIdsChanged,
  previewCheck,
  PropertyName,
  propertyOf,
  pushReplyMessageToClient,
  resetConsumerClientOffset,
  StatusError,
  type CheckTransactionStateHeader,
  type Log,
  type MessageRecord,
  type Outcome,
  type PreviewCheckHeader,
  type RequestContext,
} from '@halfmq/remoting';
import type { GroupMember } from './consumer/group-member.js';
import { PushConsumer } from './consumer/push-consumer.js';
import type { Replies } from './producer/replies.js';
import { EVERY_TOPIC, type TransactionProducer } from './transaction/transaction-producer.js';

/** Who in a client can be asked. */
export interface AskedParts {
  readonly log: Log;
  readonly transactional: ReadonlySet<TransactionProducer>;
  /** by group */
  readonly consumers: ReadonlyMap<string, GroupMember>;
  readonly replies: Replies;
}

/** What a client answers when a broker asks. */
export function brokerQuestions(parts: AskedParts): HandlerTable {
  const { log, consumers, replies } = parts;
  return new HandlerTable()
    .add(checkTransactionState, (header, context) => {
      checkAsked(parts, header, context);
      return NO_ANSWER;
    })
    .add(previewCheck, (header, context) => previewAsked(parts, header, context))
    .add(pushReplyMessageToClient, (header, { body }) => {
      // as RocketMQ's client: one that nobody waits for is taken, too
      if (!replies.came(header, body)) log.debug('a reply came that nobody waits for');
      return DONE;
    })
    .add(getConsumerRunningInfo, ({ consumerGroup }) => ({
      status: 'OK',
      body: encodeConsumerRunningInfo(memberOf(parts, consumerGroup).runningInfo),
    }))
    .add(consumeMessageDirectly, async ({ consumerGroup, brokerName = '' }, { body }) => {
      const result = await consumerOf(parts, consumerGroup).handleDirectly(decodeRecord(body), brokerName);
      return { status: 'OK', body: encodeConsumeDirectlyResult(result) };
    })
    .add(getConsumerStatusFromClient, ({ group, topic }) => ({
      status: 'OK',
      body: encodeMemberOffsets(consumers.get(group)?.offsetsIn(topic) ?? []),
    }))
    .add(resetConsumerClientOffset, ({ group }, { body }) => {
      void consumers.get(group)?.goOnFrom(decodeResetOffsets(body));
      return NO_ANSWER;
    })
    .add(notifyConsumerIdsChanged, (header) => {
      consumers.get(header.consumerGroup)?.told();
      return NO_ANSWER;
    });
}

/** @throws StatusError when there is none */
function memberOf({ consumers }: AskedParts, group: string): GroupMember {
  const member = consumers.get(group);
  if (member && !member.isClosed) return member;
  throw new StatusError('SYSTEM_ERROR', `the consumer of group ${group} is not here`);
}

/** @throws StatusError when there is none with a handler */
function consumerOf(parts: AskedParts, group: string): PushConsumer {
  const member = memberOf(parts, group);
  if (member instanceof PushConsumer) return member;
  const why = `the consumer of group ${group} takes its messages itself`;
  throw new StatusError('SYSTEM_ERROR', `no handler can be asked: ${why}`);
}

export function producersOf(
  transactional: ReadonlySet<TransactionProducer>,
  group: string,
): TransactionProducer[] {
  return [...transactional].filter((one) => one.group === group && !one.isClosed);
}

function checkAsked(
  { log, transactional }: AskedParts,
  header: CheckTransactionStateHeader,
  context: RequestContext,
): void {
  const record = decodeRecord(context.body);
  const group = groupOf(record);
  const producer = producerFor(transactional, group, record.topic);
  if (producer) void producer.answer(record, header, context.peer);
  else log.warn('asked about a transaction of nobody here', { group, topic: record.topic });
}

async function previewAsked(
  { transactional }: AskedParts,
  { bname = '' }: PreviewCheckHeader,
  { body }: RequestContext,
): Promise<Outcome> {
  const record = decodeRecord(body);
  const producer = producerFor(transactional, groupOf(record), record.topic);
  const said = (await producer?.preview(record, bname)) ?? {
    state: 'unknown',
    why: 'nobody here answers for it',
  };
  return { status: 'OK', header: { state: said.state }, remark: said.why };
}

/** The producer of just this topic, else the one for every topic of its group. */
function producerFor(
  transactional: ReadonlySet<TransactionProducer>,
  group: string,
  topic: string,
): TransactionProducer | undefined {
  const all = producersOf(transactional, group);
  return all.find((one) => one.topics.includes(topic)) ?? all.find((one) => one.topics.includes(EVERY_TOPIC));
}

function groupOf(record: MessageRecord): string {
  return propertyOf(record.properties, PropertyName.PGROUP) ?? '';
}
