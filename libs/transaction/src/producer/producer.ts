import { randomUUID } from 'node:crypto';
import { parseRecallHandle, PropertyName } from '@halfmq/remoting';
import type { ClientParts } from '../client-parts.js';
import type { ProducerOptions } from '../client-options.js';
import { ClientClosed, MessageInvalid } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { OutgoingMessage, ReceivedMessage, SendReceipt } from '../message.js';
import type { SendHow, Stored } from './delivery.js';
import { batchOf, toWire, type WireMessage, type WireOptions } from './outgoing.js';
import type { Answer } from './replies.js';

export const DEFAULT_PRODUCER_GROUP = 'DEFAULT_PRODUCER';
export const SEND_TIMEOUT_MS = 3_000;
const RETRIES = 2;
const LARGEST_BATCH = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 3_000;
/** What a request carries, and its broker adds. */
const REPLY_NEEDS = [PropertyName.CORRELATION_ID, PropertyName.REPLY_TO_CLIENT, PropertyName.CLUSTER];

/**
 * Sends messages. A send that got no answer is tried again on another broker, so a message may be stored twice, under
 * the same message id; one that is refused for what it is (MessageInvalid, an illegal topic) is not.
 */
export class Producer {
  private readonly sends = new InFlight();
  private closed = false;

  constructor(
    private readonly parts: ClientParts,
    private readonly options: ProducerOptions,
    private readonly onClose: () => void,
  ) {}

  /**
   * Resolves when a broker has stored the message.
   * @throws MessageInvalid, NoRoute, NoNameServer, SendFailed, ClientClosed
   */
  async send(message: OutgoingMessage): Promise<SendReceipt> {
    this.mustBeOpen();
    const wire = this.wire(message);
    return this.receipt(wire, await this.deliver(wire));
  }

  /**
   * Messages of one topic, without delays and ordering keys, to one queue, all or none; at most 4 MiB together.
   * @throws as send
   */
  async sendBatch(messages: readonly OutgoingMessage[]): Promise<SendReceipt[]> {
    this.mustBeOpen();
    const wires = messages.map((message) =>
      toBatchRecord(message, messages[0], (one) => this.wire(one, { compress: false })),
    );
    const first = wires[0];
    if (!first) return [];
    const envelope = batchOf(first.topic, wires);
    const { length } = envelope.body;
    if (length > LARGEST_BATCH) {
      throw new MessageInvalid(`a batch has ${length} bytes, at most ${LARGEST_BATCH}: split it`);
    }
    const stored = await this.deliver(envelope, { batch: wires });
    const offsetIds = stored.header.msgId.split(',');
    return wires.map((wire, index) => ({
      ...this.receipt(wire, stored),
      offsetMessageId: offsetIds[index] ?? stored.header.msgId,
      queueOffset: stored.header.queueOffset + index,
    }));
  }

  /**
   * Takes back a delayed message.
   * @param recallHandle of its receipt
   * @returns its message id
   * @throws MessageInvalid when it is no handle; BrokerRefused (ILLEGAL_OPERATION) when its time has come; NoRoute,
   *   BrokerUnreachable, ClientClosed
   */
  async recall(topic: string, recallHandle: string): Promise<string> {
    this.mustBeOpen();
    const handle = parseRecallHandle(recallHandle);
    if (!handle) throw new MessageInvalid(`no recall handle: ${recallHandle.slice(0, 64)}`);
    const { delivery, names } = this.parts;
    return this.sends.track(delivery.recall(names.wrap(topic), recallHandle, handle, this.group));
  }

  /**
   * Sends a request and waits for the reply of whoever handles it.
   * @param timeoutMs from now to the reply
   * @throws RequestTimedOut when it was stored and no reply came; otherwise as send
   */
  async request(message: OutgoingMessage, { timeoutMs = REQUEST_TIMEOUT_MS } = {}): Promise<Answer> {
    this.mustBeOpen();
    const { clientId, heartbeats, replies } = this.parts;
    const correlationId = randomUUID();
    const wire = this.wire(message, {
      more: [
        [PropertyName.CORRELATION_ID, correlationId],
        [PropertyName.REPLY_TO_CLIENT, clientId],
        [PropertyName.TTL, String(timeoutMs)],
      ],
    });
    const answer = replies.expect(correlationId, message.topic, timeoutMs);
    // it may be too late before the message is stored: the send's own error is told then
    answer.catch(() => undefined);
    // a broker can bring nothing to whom it has not heard of
    const sent = this.deliver(wire, { before: (broker) => heartbeats.ensure(broker), timeoutMs });
    return this.sends.track(
      sent.then(
        () => answer,
        (error: unknown) => {
          replies.forget(correlationId);
          throw error;
        },
      ),
    );
  }

  /**
   * Answers a request that a consumer was given.
   * @param properties come with the answer
   * @throws MessageInvalid when it is no request; BrokerRefused when whoever has sent it is gone
   */
  async reply(
    to: ReceivedMessage,
    body: Buffer | string,
    properties?: OutgoingMessage['properties'],
  ): Promise<void> {
    this.mustBeOpen();
    const { properties: asked, brokerName } = to;
    const [correlationId, client, cluster] = REPLY_NEEDS.map((name) => asked.get(name));
    if (!correlationId || !client || !cluster)
      throw new MessageInvalid(`message ${to.messageId} is no request: it has no ${REPLY_NEEDS.join(', ')}`);
    const wire = toWire({ topic: `${cluster}_REPLY_TOPIC`, body, properties }, this.parts.clock, {
      more: [
        [PropertyName.MSG_TYPE, 'reply'],
        [PropertyName.CORRELATION_ID, correlationId],
        [PropertyName.REPLY_TO_CLIENT, client],
        [PropertyName.TTL, asked.get(PropertyName.TTL) ?? String(REQUEST_TIMEOUT_MS)],
      ],
    });
    await this.sends.track(this.parts.delivery.reply(wire, brokerName, this.group));
  }

  /** Resolves when the message was written to a broker's connection: nobody knows whether it was stored. */
  async sendOneWay(message: OutgoingMessage): Promise<void> {
    this.mustBeOpen();
    const wire = this.wire(message);
    await this.sends.track(this.parts.delivery.sendOneWay(wire, this.group));
  }

  /** Waits for sends under way; later ones are refused. */
  async close(): Promise<void> {
    this.closed = true;
    await this.sends.settled();
    this.onClose();
  }

  private get group(): string {
    return this.parts.names.wrap(this.options.group ?? DEFAULT_PRODUCER_GROUP);
  }

  private wire(message: OutgoingMessage, options?: WireOptions): WireMessage {
    return toWire(this.parts.names.wrapped(message), this.parts.clock, options);
  }

  private receipt(wire: WireMessage, { broker, status, header }: Stored): SendReceipt {
    return {
      messageId: wire.uniqueKey,
      offsetMessageId: header.msgId,
      topic: this.parts.names.unwrap(wire.topic),
      brokerName: broker.brokerName,
      queueId: header.queueId,
      queueOffset: header.queueOffset,
      status,
      recallHandle: header.recallHandle,
    };
  }

  private deliver(wire: WireMessage, more: Partial<SendHow> = {}): Promise<Stored> {
    const how = {
      group: this.group,
      retries: this.options.retries ?? RETRIES,
      timeoutMs: this.options.sendTimeoutMs ?? SEND_TIMEOUT_MS,
      repeatUnanswered: true,
      ...more,
    };
    return this.sends.track(this.parts.delivery.send(wire, how));
  }

  private mustBeOpen(): void {
    if (this.closed) throw new ClientClosed(`producer ${this.group}`);
    this.parts.mustBeOpen(`producer ${this.group}`);
  }
}

function toBatchRecord(
  message: OutgoingMessage,
  first: OutgoingMessage | undefined,
  wire: (message: OutgoingMessage) => WireMessage,
): WireMessage {
  if (message.topic !== first?.topic) throw new MessageInvalid('the messages of a batch have one topic');
  if (message.delayMs ?? message.deliverAt ?? message.delayLevel ?? message.orderingKey) {
    throw new MessageInvalid('messages of a batch have no delay and no ordering key: send them one by one');
  }
  return wire(message);
}
