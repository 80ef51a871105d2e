import { encodeBatch } from '@halfmq/remoting';
import type { ClientParts } from '../client-parts.js';
import type { ProducerOptions } from '../client-options.js';
import { ClientClosed, MessageInvalid } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { OutgoingMessage, SendReceipt } from '../message.js';
import type { Stored } from './delivery.js';
import { toWire, type WireMessage } from './outgoing.js';

export const DEFAULT_PRODUCER_GROUP = 'DEFAULT_PRODUCER';
export const SEND_TIMEOUT_MS = 3_000;
const RETRIES = 2;
const LARGEST_BATCH = 4 * 1024 * 1024;

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
    const wire = toWire(message, this.parts.clock);
    return receipt(wire, await this.deliver(wire, false));
  }

  /**
   * Messages of one topic, without delays and ordering keys, to one queue, all or none; at most 4 MiB together.
   * @throws as send
   */
  async sendBatch(messages: readonly OutgoingMessage[]): Promise<SendReceipt[]> {
    this.mustBeOpen();
    const { clock } = this.parts;
    const wires = messages.map((message) => toBatchRecord(message, messages[0], clock));
    const first = wires[0];
    if (!first) return [];
    const body = encodeBatch(
      wires.map((wire) => ({ flag: 0, body: wire.body, properties: wire.properties })),
    );
    if (body.length > LARGEST_BATCH) {
      throw new MessageInvalid(`a batch has ${body.length} bytes, at most ${LARGEST_BATCH}: split it`);
    }
    const envelope: WireMessage = { topic: first.topic, body, sysFlag: 0, properties: '', uniqueKey: '' };
    const stored = await this.deliver(envelope, true);
    const offsetIds = stored.header.msgId.split(',');
    return wires.map((wire, index) => ({
      ...receipt(wire, stored),
      offsetMessageId: offsetIds[index] ?? stored.header.msgId,
      queueOffset: stored.header.queueOffset + index,
    }));
  }

  /** Resolves when the message was written to a broker's connection: nobody knows whether it was stored. */
  async sendOneWay(message: OutgoingMessage): Promise<void> {
    this.mustBeOpen();
    const wire = toWire(message, this.parts.clock);
    await this.sends.track(this.parts.delivery.sendOneWay(wire, this.group));
  }

  /** Waits for sends under way; later ones are refused. */
  async close(): Promise<void> {
    this.closed = true;
    await this.sends.settled();
    this.onClose();
  }

  private get group(): string {
    return this.options.group ?? DEFAULT_PRODUCER_GROUP;
  }

  private deliver(wire: WireMessage, batch: boolean): Promise<Stored> {
    const how = {
      group: this.group,
      retries: this.options.retries ?? RETRIES,
      timeoutMs: this.options.sendTimeoutMs ?? SEND_TIMEOUT_MS,
      repeatUnanswered: true,
      batch,
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
  clock: ClientParts['clock'],
): WireMessage {
  if (message.topic !== first?.topic) throw new MessageInvalid('the messages of a batch have one topic');
  if (message.delayMs ?? message.deliverAt ?? message.delayLevel ?? message.orderingKey) {
    throw new MessageInvalid('messages of a batch have no delay and no ordering key: send them one by one');
  }
  return toWire(message, clock, { compress: false });
}

function receipt(wire: WireMessage, { broker, status, header }: Stored): SendReceipt {
  return {
    messageId: wire.uniqueKey,
    offsetMessageId: header.msgId,
    topic: wire.topic,
    brokerName: broker.brokerName,
    queueId: header.queueId,
    queueOffset: header.queueOffset,
    status,
  };
}
