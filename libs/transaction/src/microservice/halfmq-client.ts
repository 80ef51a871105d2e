import type { Log } from '@halfmq/remoting';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { HalfmqClient as Client } from '../client.js';
import { parseDuration } from '../duration.js';
import type { OutgoingMessage, SendReceipt } from '../message.js';
import { nestLog } from '../nest/nest-log.js';
import type { Producer } from '../producer/producer.js';
import { topicOf as described } from '../topic.js';
import { HalfmqRecord } from './halfmq-record.js';
import type { HalfmqClientOptions } from './options.js';
import { checkedTopic } from './patterns.js';
import { packetOf } from './replies.js';

const REQUEST_TIMEOUT = '3s';

/**
 * Sends to services that listen by HalfmqServer, `@MessageHandler`, or a RocketMQ client. `emit` stores a message and gives
 * its receipt; `send` is RocketMQ's request, and gives the reply. In a module: `ClientsModule.register([{ name: 'ORDERS',
 * customClass: HalfmqClient, options: { nameServers } }])`.
 */
export class HalfmqClient extends ClientProxy {
  private readonly client: Client;
  private readonly producer: Producer;
  private readonly timeoutMs: number;
  private readonly log: Log;

  /** @throws InvalidOption */
  constructor(private readonly options: HalfmqClientOptions) {
    super();
    const { group, retries, sendTimeoutMs, timeout = REQUEST_TIMEOUT, log = nestLog() } = options;
    this.timeoutMs = parseDuration(timeout);
    this.log = log;
    this.client = new Client({ ...options, log });
    this.producer = this.client.producer({ group, retries, sendTimeoutMs });
  }

  /** Done by the first `emit` or `send`. @throws NoNameServer */
  async connect(): Promise<void> {
    try {
      await this.client.start();
    } catch (error) {
      throw this.told('a Nest client cannot connect: what it was to send is not sent', error);
    }
  }

  /** Sends under way are finished. */
  async close(): Promise<void> {
    await this.client.close();
  }

  /** The HalfmqClient of @halfmq/transaction it works with. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the signature is Nest's
  override unwrap<T>(): T {
    return this.client as T;
  }

  /** @throws RequestTimedOut, what the handler threw, and as Producer.send */
  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    let isWanted = true;
    const tell = (said: WritePacket): void => {
      if (isWanted) callback(said);
    };
    this.producer.request(this.messageOf(packet), { timeoutMs: this.timeoutMs }).then(
      (answer) => tell(packetOf(answer)),
      (err: unknown) => tell({ err }),
    );
    return () => (isWanted = false);
  }

  protected async dispatchEvent<T = SendReceipt>(packet: ReadPacket): Promise<T> {
    try {
      return (await this.producer.send(this.messageOf(packet))) as T;
    } catch (error) {
      throw this.told(`the event ${this.normalizePattern(packet.pattern as string)} was not sent`, error);
    }
  }

  /** `emit` sends whether or not somebody subscribes, and then this line is all that is ever seen. */
  private told(what: string, error: unknown): unknown {
    this.log.error(what, { error });
    return error;
  }

  private messageOf({ pattern, data, metadata }: ReadPacket): OutgoingMessage {
    const topic = checkedTopic(this.normalizePattern(pattern as string), this.options.topicOf);
    const record = data instanceof HalfmqRecord ? data : new HalfmqRecord<unknown>(data, {});
    const properties = { ...metadata, ...record.options.properties };
    return described(topic).message(record.data, { ...record.options, properties });
  }
}
