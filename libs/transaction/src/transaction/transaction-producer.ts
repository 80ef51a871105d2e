import {
  decodeOffsetMessageId,
  endTransaction,
  ownBody,
  PropertyName,
  SysFlag,
  type CheckTransactionStateHeader,
  type EndTransactionHeader,
  type MessageRecord,
  type Peer,
  within,
} from '@halfmq/remoting';
import type { BrokerAddress } from '../broker-requests.js';
import { channels } from '../channels.js';
import type { ClientParts } from '../client-parts.js';
import type { TransactionProducerOptions } from '../client-options.js';
import { ClientClosed, SendFailed } from '../errors.js';
import type { Ending } from '../hook.js';
import { InFlight } from '../in-flight.js';
import { TransactionState, type HalfReceipt, type OutgoingMessage } from '../message.js';
import type { SendHow, Stored } from '../producer/delivery.js';
import { toWire, type WireMessage, type WireOptions } from '../producer/outgoing.js';
import { SEND_TIMEOUT_MS } from '../producer/producer.js';
import { receivedMessage } from '../received-message.js';
import type { BarrierPreview } from './barrier.js';
import type { KeyedSends } from './half-messages.js';
import { accept } from './verdict-answer.js';

/** A check is the application's own code: one that hangs must not keep the process for ever. */
const DRAIN_TIMEOUT_MS = 30_000;

/** The topic entry of a producer that answers for every topic of its group. */
export const EVERY_TOPIC = '*';

const VERDICT = {
  commit: SysFlag.TRANSACTION_COMMIT,
  rollback: SysFlag.TRANSACTION_ROLLBACK,
  unknown: SysFlag.TRANSACTION_NOT,
} as const;

/**
 * Half messages and verdicts. A half message is stored at a broker and seen by nobody until `end` says commit; when no
 * verdict comes, a broker asks a live producer of the group, this process or another one, and `check` answers.
 */
export class TransactionProducer {
  /** The same messages as ordinary ones, for an outbox. */
  readonly keyed: KeyedSends = {
    keyFor: (message) => this.wire(message).uniqueKey,
    send: async (message, uniqueKey) => {
      this.mustBeOpen();
      const wire = this.wire(message, { uniqueKey });
      await this.work.track(this.parts.delivery.send(wire, this.how(true)));
    },
  };
  private readonly work = new InFlight(channels.work);
  private closed = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly parts: ClientParts,
    private readonly options: TransactionProducerOptions,
    private readonly onClose: () => void,
  ) {}

  get group(): string {
    return this.options.group;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get topics(): readonly string[] {
    return this.options.topics;
  }

  /**
   * Stores a half message. Unlike a plain send it is not repeated when a broker did not answer: the half message may be
   * there, and a second one would be a second delivery. It is then undecided: roll the local transaction back, and
   * the check will find that it did not happen.
   * @throws MessageInvalid, NoRoute, NoNameServer, SendFailed, ClientClosed
   */
  prepare(message: OutgoingMessage): Promise<HalfReceipt> {
    return this.work.track(this.store(message));
  }

  /**
   * Brings the verdict. `unknown` leaves the decision to the check.
   * @throws VerdictConflict when the opposite was decided before (an Apache RocketMQ never says so), BrokerRefused,
   * BrokerUnreachable; RemotingError without an answer: the check will decide
   */
  async end(half: HalfReceipt, verdict: TransactionState): Promise<void> {
    this.mustBeOpen();
    await this.work.track(this.bring(half, verdict));
  }

  /**
   * Waits for half messages, verdicts and checks under way, 30 s at most; the brokers then ask other producers of the
   * group.
   */
  close(): Promise<void> {
    this.closing ??= this.drain();
    return this.closing;
  }

  private async drain(): Promise<void> {
    const { clock, log, heartbeats } = this.parts;
    this.closed = true;
    if (!(await within(clock, DRAIN_TIMEOUT_MS, this.work.settled()))) {
      log.error('transaction checks did not end: the brokers will ask again', { group: this.group });
    }
    await heartbeats.removeTopics(this.group, this.topics);
    this.onClose();
  }

  /** A broker asks. Never rejects: what cannot be answered now is asked again. */
  async answer(record: MessageRecord, header: CheckTransactionStateHeader, peer: Peer): Promise<void> {
    await this.work.track(this.check(record, header, peer)).catch((error: unknown) => {
      this.parts.log.warn('the check of a transaction was not answered, the broker will ask again', {
        group: this.group,
        topic: record.topic,
        transactionId: header.transactionId,
        error,
      });
    });
  }

  /** A broker asks what a check would be answered; nothing is decided by it. Never rejects. */
  async preview(record: MessageRecord, brokerName: string): Promise<{ state: BarrierPreview; why?: string }> {
    const { preview } = this.options;
    const { names } = this.parts;
    if (!preview) return { state: 'unknown', why: 'a listener answers: only a check would tell' };
    try {
      const state = await this.work.track(
        preview(receivedMessage(record, brokerName, ownBody(record), names)),
      );
      return { state };
    } catch (error) {
      return { state: 'unknown', why: error instanceof Error ? error.message : String(error) };
    }
  }

  private async store(message: OutgoingMessage): Promise<HalfReceipt> {
    this.mustBeOpen();
    const wire = this.wire(message, {
      more: [
        [PropertyName.TRAN_MSG, 'true'],
        [PropertyName.PGROUP, this.group],
      ],
    });
    const half = { ...wire, sysFlag: wire.sysFlag | SysFlag.TRANSACTION_PREPARED };
    // a broker can ask nobody it has not heard of
    const before: SendHow['before'] = (broker) => this.parts.heartbeats.ensure(broker);
    const stored = await this.parts.delivery.send(half, this.how(false, before));
    const receipt = this.receipt(half, stored);
    if (stored.status === 'stored') return receipt;
    // as RocketMQ's producer: a half message that may not be safe carries no transaction
    await this.bring(receipt, TransactionState.Rollback).catch(() => undefined);
    throw new SendFailed(half.topic, false, [
      `broker ${stored.broker.brokerName} answered ${stored.status}; the half message was rolled back`,
    ]);
  }

  private wire(message: OutgoingMessage, options?: WireOptions): WireMessage {
    return toWire(this.parts.names.wrapped(message), this.parts.clock, options);
  }

  private how(repeatUnanswered: boolean, before?: SendHow['before']): SendHow {
    const timeoutMs = this.options.sendTimeoutMs ?? SEND_TIMEOUT_MS;
    return { group: this.group, retries: 2, timeoutMs, repeatUnanswered, before };
  }

  private receipt(half: WireMessage, { broker, header }: Stored): HalfReceipt {
    const place = decodeOffsetMessageId(header.msgId);
    if (!place) {
      throw new SendFailed(half.topic, true, [
        `broker ${broker.brokerName} answered with the message id ${JSON.stringify(header.msgId)}, which names no place`,
      ]);
    }
    return {
      topic: half.topic,
      group: this.group,
      brokerName: broker.brokerName,
      address: broker.address,
      uniqueKey: half.uniqueKey,
      offsetMessageId: header.msgId,
      halfOffset: header.queueOffset,
      physicalOffset: place.physicalOffset,
      endsTogether: this.parts.heartbeats.endsTogether(broker.address),
    };
  }

  private bring(half: HalfReceipt, verdict: TransactionState): Promise<void> {
    const { brokerName, topic, group, uniqueKey } = half;
    const address = this.parts.routes.primaryOf(brokerName) ?? half.address;
    const ending: Ending = {
      group,
      topic,
      messageId: uniqueKey,
      transactionId: uniqueKey,
      state: verdict,
      fromCheck: false,
      brokerName,
      address,
    };
    return this.ending(ending, () => this.tell({ brokerName, address }, half, verdict));
  }

  private ending(ending: Ending, act: () => Promise<void>): Promise<void> {
    return this.parts.hooks?.endTransaction(ending, act) ?? act();
  }

  private async tell(broker: BrokerAddress, half: HalfReceipt, verdict: TransactionState): Promise<void> {
    const header: EndTransactionHeader = {
      topic: half.topic,
      producerGroup: half.group,
      tranStateTableOffset: half.halfOffset,
      commitLogOffset: half.physicalOffset,
      commitOrRollback: VERDICT[verdict],
      fromTransactionCheck: false,
      msgId: half.uniqueKey,
      transactionId: half.uniqueKey,
      bname: half.brokerName,
    };
    // brokers never answer an unknown
    if (verdict === 'unknown') return this.parts.brokers.oneWay(broker, { spec: endTransaction, header });
    const answer = await this.parts.brokers.ask(broker, { spec: endTransaction, header });
    accept(answer, broker, half.uniqueKey, verdict);
  }

  private async check(record: MessageRecord, asked: CheckTransactionStateHeader, peer: Peer): Promise<void> {
    const message = receivedMessage(record, asked.bname ?? '', ownBody(record), this.parts.names);
    const state = await this.state(() => this.options.check(message), message.messageId);
    const header: EndTransactionHeader = {
      topic: record.topic,
      producerGroup: this.group,
      tranStateTableOffset: asked.tranStateTableOffset,
      commitLogOffset: asked.commitLogOffset,
      commitOrRollback: VERDICT[state],
      fromTransactionCheck: true,
      msgId: message.messageId,
      transactionId: asked.transactionId ?? message.messageId,
      bname: asked.bname,
    };
    const { messageId } = message;
    const broker = { brokerName: asked.bname ?? 'that asked', address: peer.remoteAddress };
    const ending: Ending = {
      group: this.group,
      topic: record.topic,
      messageId,
      transactionId: asked.transactionId ?? messageId,
      state,
      fromCheck: true,
      ...broker,
    };
    await this.ending(ending, async () => {
      if (state === 'unknown') {
        peer.oneWay(endTransaction, header);
        return;
      }
      const answer = await peer.request(endTransaction, header, undefined, { timeoutMs: SEND_TIMEOUT_MS });
      accept(answer, broker, messageId, state);
    });
  }

  private async state(check: () => Promise<TransactionState>, messageId: string): Promise<TransactionState> {
    try {
      const state = await check();
      if (state in VERDICT) return state;
      this.parts.log.error('a transaction check answered neither commit, rollback nor unknown', {
        messageId,
        state,
      });
    } catch (error) {
      this.parts.log.warn('a transaction check threw: answered unknown', { messageId, error });
    }
    return TransactionState.Unknown;
  }

  private mustBeOpen(): void {
    if (this.closed) throw new ClientClosed(`transaction producer ${this.group}`);
    this.parts.mustBeOpen(`transaction producer ${this.group}`);
  }
}
