import { formatReceipt, parseReceipt, StatusError, type Clock } from '@halfmq/remoting';
import type { Acknowledge, HandedOut } from '../consume/pop/acknowledge.js';
import { MOST_MESSAGES } from '../consume/pop/pop-checks.js';
import { topicOfReceipt } from '../consume/pop/receipts.js';
import type { Receive, ReceivedMessage, ReceiveRequest } from '../consume/pop/receive.js';
import type { Groups } from '../directory/groups.js';
import type { Topics } from '../directory/topics.js';
import type { Caller } from './caller.js';
import { Code, common, OK, Refusal, statusOf } from './codes.js';
import {
  msOf,
  secondsOf,
  type AckMessageRequest,
  type HandleRequest,
  type Maybe,
  type MessageQueue,
  type ReceiveMessageElement,
  type ReceiveMessageRequest,
  type Seconds,
  type Status,
} from './contract.js';
import { groupOf, topicOf } from './names.js';
import type { Renewals } from './renewals.js';
import type { Sessions } from './sessions.js';
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

interface AckResult {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly status: Status;
}

/** Messages out, and what becomes of them. */
export class Consuming {
  constructor(
    private readonly brokerName: string,
    private readonly clock: Clock,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly receives: Receive,
    private readonly acknowledge: Acknowledge,
    private readonly sessions: Sessions,
    private readonly renewals: Renewals,
  ) {}

  /**
   * The stream's elements: status, messages, time of delivery.
   * @throws Refusal, StatusError
   */
  async *receive(request: ReceiveMessageRequest, caller: Caller): AsyncGenerator<ReceiveMessageElement> {
    // its settings may be on their way: it comes again a second later
    this.sessions.mustFind(caller.clientId);
    const asked = this.asked(request, caller);
    const messages = await this.receives.receive(asked, caller.gone);
    const unsent = new Set(messages);
    try {
      if (messages.length === 0) yield { status: NOTHING };
      else yield { status: OK };
      for (const message of messages) {
        const { record, receipt, attempt, liesIn: topic } = message;
        // from here on it is the client's, who may acknowledge it before the next line
        if (request.autoRenew)
          this.renewals.add({ clientId: caller.clientId, group: asked.group, topic, receipt });
        yield { message: shownMessage(record, { receipt, attempt }) };
        unsent.delete(message);
      }
      yield { deliveryTimestamp: secondsOf(this.clock.now()) };
    } finally {
      for (const message of unsent) this.unsent(asked.group, message);
    }
  }

  private unsent(group: string, { receipt, liesIn: topic }: ReceivedMessage): void {
    try {
      this.acknowledge.change(this.renewals.take({ group, topic, receipt }), UNSENT_AFTER_MS);
    } catch (error) {
      // its topic is gone: nobody asks for it
      if (!(error instanceof StatusError)) throw error;
    }
  }

  private asked(request: ReceiveMessageRequest, caller: Caller): ReceiveRequest {
    const { messageQueue, filterExpression, batchSize, attemptId } = request;
    this.mustLieHere(messageQueue);
    const group = groupOf(request.group);
    const isSql = filterExpression?.type === 'SQL';
    return {
      group,
      topic: topicOf(messageQueue?.topic, this.topics),
      most: Math.min(Math.max(batchSize, 1), MOST_MESSAGES),
      invisibleMs: invisibleMs(request),
      waitMs: waitMs(request, caller),
      ordered: this.groups.find(group)?.consumeMessageOrderly === true,
      expression: filterExpression?.expression || '*',
      expressionType: isSql ? 'SQL92' : 'TAG',
      queueId: messageQueue?.id ?? -1,
      from: 'last',
      attemptId: attemptId ?? undefined,
    };
  }

  /** Routes name the queues of other brokers too, at the endpoints of those. */
  private mustLieHere(queue: Maybe<MessageQueue>): void {
    const brokerName = queue?.broker?.name ?? '';
    if (brokerName === '' || brokerName === this.brokerName) return;
    throw new Refusal(
      'BAD_REQUEST',
      `the queue lies at broker ${brokerName}, this is ${this.brokerName}: receive from the endpoints its route names`,
    );
  }

  ack({ group, topic, entries }: AckMessageRequest): { status: Status; entries: AckResult[] } {
    const names = { group: groupOf(group), topic: topicOf(topic, this.topics) };
    const results = entries.map(({ messageId, receiptHandle }) => ({
      messageId,
      receiptHandle,
      status: tried(() => this.acknowledge.done(this.held(names, receiptHandle))),
    }));
    return { status: common(results.map(({ status }) => status)), entries: results };
  }

  /** @returns the handle that counts from now on */
  change(request: HandleRequest, given: Maybe<Seconds>): { status: Status; receiptHandle: string } {
    const ms = msOf(given) ?? 0;
    if (!(ms >= 0 && ms <= LONGEST_INVISIBLE_MS))
      throw new Refusal('ILLEGAL_INVISIBLE_TIME', `0 to ${LONGEST_INVISIBLE_MS} ms expected, got ${ms}`);
    const { place, ...message } = this.named(request);
    const changed = this.acknowledge.change(message, ms);
    if (!changed) throw expired();
    return { status: OK, receiptHandle: `${formatReceipt(changed)} ${place}` };
  }

  /** @throws Refusal, StatusError it is where it was */
  async bury(request: HandleRequest): Promise<{ status: Status }> {
    const { place, topic: liesIn, receipt, group } = this.named(request);
    await this.receives.bury(group, { record: { physicalOffset: place }, receipt, liesIn });
    return { status: OK };
  }

  private named({ group, topic, receiptHandle }: HandleRequest): HandedOut & { readonly place: number } {
    const names = { group: groupOf(group), topic: topicOf(topic, this.topics) };
    const [, place] = / (\d{1,15})$/.exec(receiptHandle) ?? [];
    return { ...this.held(names, receiptHandle), place: Number(place) };
  }

  /** What a handle names, as it was renewed last. @throws Refusal INVALID_RECEIPT_HANDLE */
  private held({ group, topic }: { group: string; topic: string }, handle: string): HandedOut {
    const receipt = handle.split(' ').length === FIELDS ? parseReceipt(handle) : undefined;
    if (!receipt) throw new Refusal('INVALID_RECEIPT_HANDLE', `no receipt handle: ${handle.slice(0, 64)}`);
    const handedOut = this.renewals.take({ group, topic: topicOfReceipt(group, topic, receipt), receipt });
    const { popTime, invisibleMs } = handedOut.receipt;
    if (popTime + invisibleMs <= this.clock.now()) throw expired();
    return handedOut;
  }
}

/** A receipt's eight, and the message's physical offset. */
const FIELDS = 9;
const NOTHING: Status = { code: Code.MESSAGE_NOT_FOUND, message: 'no new message' };
/** before, clients know one code for all that is wrong with a request */
const POLLING_TIME_HAS_A_CODE = [5, 0, 3];

const expired = (): Refusal =>
  new Refusal(
    'INVALID_RECEIPT_HANDLE',
    'the receipt handle has expired, or its message was put off or acknowledged',
  );

function tried(act: () => unknown): Status {
  try {
    act();
    return OK;
  } catch (error) {
    const status = statusOf(error);
    if (status) return status;
    throw error;
  }
}

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
