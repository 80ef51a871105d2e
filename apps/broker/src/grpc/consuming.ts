import type { Clock } from '@halfmq/remoting';
import type { HandedOut } from '../consume/pop/acknowledge.js';
import { MOST_MESSAGES } from '../consume/pop/pop-checks.js';
import { isOver, topicOfReceipt } from '../consume/pop/receipts.js';
import type { ReceivedMessage, ReceiveRequest } from '../consume/pop/receive.js';
import { liteNameOf } from '../directory/lite-names.js';
import type { Broker, Brokers } from './brokers.js';
import type { Caller } from './caller.js';
import { Code, common, OK, Refusal, statusOf } from './codes.js';
import {
  msOf,
  secondsOf,
  type AckMessageRequest,
  type ChangeInvisibleRequest,
  type HandleRequest,
  type ReceiveMessageElement,
  type ReceiveMessageRequest,
  type Status,
} from './contract.js';
import { refuseLite, refuseNotLite } from './lite.js';
import { groupOf, topicOf } from './names.js';
import { formatHandle, parseHandle } from './receipt-handle.js';
import type { Renewals } from './renewals.js';
import { isLite, type Session, type Sessions } from './sessions.js';
import { LONGEST_POLLING_MS } from './settings.js';
import { shownMessage } from './shown-message.js';

/** RocketMQ's, see ProxyConfig. */
const SHORTEST_POLLING_MS = 5_000;
const RENEWED_INVISIBLE_MS = 60_000;
const SHORTEST_INVISIBLE_MS = 10_000;
const LONGEST_INVISIBLE_MS = 12 * 3_600_000;
/** of the time a caller waits, what is left for the way back */
const RESERVE_MS = 100;
const UNSENT_AFTER_MS = 1_000;

interface Names {
  readonly group: string;
  readonly topic: string;
}

interface Held {
  readonly broker: Broker;
  readonly message: HandedOut;
  /** physical offset of the message */
  readonly place: number;
}

interface AckResult {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly status: Status;
}

/** Messages out, and what becomes of them. */
export class Consuming {
  constructor(
    private readonly clock: Clock,
    private readonly brokers: Brokers,
    private readonly sessions: Sessions,
    private readonly renewals: Renewals,
  ) {}

  /**
   * The stream's elements: status, messages, time of delivery.
   * @throws Refusal, StatusError
   */
  async *receive(request: ReceiveMessageRequest, caller: Caller): AsyncGenerator<ReceiveMessageElement> {
    // its settings may be on their way: it comes again a second later
    const session = this.sessions.mustFind(caller.clientId);
    const { broker, asked } = await this.asked(request, caller, session);
    const messages = await this.sessions.whileThere(session, caller, () =>
      broker.receive(asked, caller.gone),
    );
    const unsent = new Set(messages);
    try {
      // a client that has said good-bye meanwhile handles nothing more, and nothing is renewed for it
      const isThere = (): boolean => this.sessions.isThere(session, caller);
      yield { status: messages.length > 0 && isThere() ? OK : NOTHING };
      for (const message of messages) {
        if (!isThere()) return;
        const { record, receipt, attempt, liesIn: topic } = message;
        // from here on it is the client's, who may acknowledge it before the next line
        if (request.autoRenew)
          this.renewals.add({ clientId: caller.clientId, broker, group: asked.group, topic, receipt });
        yield { message: shownMessage(record, { receipt, attempt, liesIn: topic }) };
        unsent.delete(message);
      }
      yield { deliveryTimestamp: secondsOf(this.clock.now()) };
    } finally {
      for (const message of unsent) await this.unsent(broker, asked.group, message);
    }
  }

  private async unsent(
    broker: Broker,
    group: string,
    { receipt, liesIn: topic }: ReceivedMessage,
  ): Promise<void> {
    try {
      await broker.change(await this.renewals.take({ group, topic, receipt }), UNSENT_AFTER_MS);
    } catch (error) {
      // its topic is gone, and nobody asks for it; or its broker, and it comes again when its time is over
      if (!statusOf(error)) throw error;
    }
  }

  private async asked(
    request: ReceiveMessageRequest,
    caller: Caller,
    session: Session,
  ): Promise<{ broker: Broker; asked: ReceiveRequest }> {
    const { messageQueue, filterExpression, batchSize, attemptId } = request;
    const group = groupOf(request.group);
    const topic = topicOf(messageQueue?.topic, this.brokers);
    const isSql = filterExpression?.type === 'SQL';
    const [invisible, wait] = [invisibleMs(request), waitMs(request, caller)];
    const broker = await this.brokers.toReceive(topic, messageQueue?.broker?.name ?? '');
    const settings = await broker.group(group);
    const lite = isLite(session.settings);
    if (lite) refuseNotLite(await this.brokers.kinds(topic), group, settings);
    else refuseLite(group, settings);
    const asked: ReceiveRequest = {
      group,
      topic,
      most: Math.min(Math.max(batchSize, 1), MOST_MESSAGES),
      invisibleMs: invisible,
      waitMs: wait,
      // a lite topic is read in order, whatever its group is
      ordered: lite || settings?.consumeMessageOrderly === true,
      expression: filterExpression?.expression || '*',
      expressionType: isSql ? 'SQL92' : 'TAG',
      queueId: messageQueue?.id ?? -1,
      from: 'last',
      attemptId: attemptId ?? undefined,
      liteClient: lite ? caller.clientId : undefined,
    };
    return { broker, asked };
  }

  async ack({ group, topic, entries }: AckMessageRequest): Promise<{ status: Status; entries: AckResult[] }> {
    const names = { group: groupOf(group), topic: topicOf(topic, this.brokers) };
    const results = await Promise.all(
      entries.map(async ({ messageId, receiptHandle }) => ({
        messageId,
        receiptHandle,
        status: await this.done(names, receiptHandle),
      })),
    );
    return { status: common(results.map(({ status }) => status)), entries: results };
  }

  /** @returns the handle that counts from now on */
  async change(request: ChangeInvisibleRequest): Promise<{ status: Status; receiptHandle: string }> {
    const ms = msOf(request.invisibleDuration) ?? 0;
    if (!(ms >= 0 && ms <= LONGEST_INVISIBLE_MS))
      throw new Refusal('ILLEGAL_INVISIBLE_TIME', `0 to ${LONGEST_INVISIBLE_MS} ms expected, got ${ms}`);
    const { broker, message, place } = await this.named(request);
    const changed = await broker.change(message, ms, request.suspend === true);
    if (!changed) throw expired();
    return { status: OK, receiptHandle: formatHandle({ receipt: changed, place, liesIn: message.topic }) };
  }

  /** @throws Refusal, StatusError it is where it was */
  async bury(request: HandleRequest): Promise<{ status: Status }> {
    const { broker, message, place } = await this.named(request);
    const { topic: liesIn, receipt, group } = message;
    await broker.bury(group, { record: { physicalOffset: place }, receipt, liesIn });
    return { status: OK };
  }

  private named({ group, topic, receiptHandle }: HandleRequest): Promise<Held> {
    const names = { group: groupOf(group), topic: topicOf(topic, this.brokers) };
    return this.held(names, receiptHandle);
  }

  private async done(names: Names, handle: string): Promise<Status> {
    try {
      const { broker, message } = await this.held(names, handle);
      await broker.done(message);
      return OK;
    } catch (error) {
      const status = statusOf(error);
      if (status) return status;
      throw error;
    }
  }

  /** What a handle names, as it was renewed last, and who has it. @throws Refusal INVALID_RECEIPT_HANDLE, BAD_REQUEST */
  private async held({ group, topic }: Names, handle: string): Promise<Held> {
    const parsed = parseHandle(handle);
    if (!parsed) throw new Refusal('INVALID_RECEIPT_HANDLE', `no receipt handle: ${handle.slice(0, 64)}`);
    const { receipt, place, liteTopic } = parsed;
    const broker = await this.brokers.named(receipt.brokerName, topic);
    const liesIn =
      liteTopic === undefined ? topicOfReceipt(group, topic, receipt) : liteNameOf(topic, liteTopic);
    const message = await this.renewals.take({ group, topic: liesIn, receipt });
    if (isOver(message.receipt, this.clock.now())) throw expired();
    return { broker, message, place };
  }
}

const NOTHING: Status = { code: Code.MESSAGE_NOT_FOUND, message: 'no new message' };
/** before, clients know one code for all that is wrong with a request */
const POLLING_TIME_HAS_A_CODE = [5, 0, 3];

const expired = (): Refusal =>
  new Refusal(
    'INVALID_RECEIPT_HANDLE',
    'the receipt handle has expired, or its message was put off or acknowledged',
  );

function invisibleMs({ autoRenew, invisibleDuration }: ReceiveMessageRequest): number {
  if (autoRenew) return RENEWED_INVISIBLE_MS;
  const ms = msOf(invisibleDuration) ?? 0;
  if (ms >= SHORTEST_INVISIBLE_MS && ms <= LONGEST_INVISIBLE_MS) return ms;
  throw new Refusal(
    'ILLEGAL_INVISIBLE_TIME',
    `${SHORTEST_INVISIBLE_MS} to ${LONGEST_INVISIBLE_MS} ms expected, got ${ms}`,
  );
}

/** As long as is asked for, and as the caller waits. */
function waitMs({ longPollingTimeout }: ReceiveMessageRequest, { remainingMs, version }: Caller): number {
  const left = remainingMs === undefined ? LONGEST_POLLING_MS : remainingMs - RESERVE_MS;
  const wanted = Math.min(
    Math.max(msOf(longPollingTimeout) ?? left, SHORTEST_POLLING_MS),
    LONGEST_POLLING_MS,
  );
  if (wanted <= left) return wanted;
  if (left >= SHORTEST_POLLING_MS) return left;
  throw new Refusal(
    isAtLeast(version, POLLING_TIME_HAS_A_CODE) ? 'ILLEGAL_POLLING_TIME' : 'BAD_REQUEST',
    `the deadline is ${remainingMs} ms away, a poll takes at least ${SHORTEST_POLLING_MS} ms`,
  );
}

function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [nth, least] of wanted.entries()) {
    const part = parts[nth] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
