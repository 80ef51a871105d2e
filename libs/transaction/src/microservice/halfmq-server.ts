import { type Clock, PropertyName, systemClock } from '@halfmq/remoting';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { HalfmqClient as Client } from '../client.js';
import { checkConsumerOptions } from '../consumer/check-options.js';
import type { ConsumerOptions } from '../consumer/consumer-options.js';
import type { PushConsumer } from '../consumer/push-consumer.js';
import type { HandlingContext } from '../consumer/handling.js';
import { DeadLetter, InvalidOption, PauseGroup, RetryIn, Skip } from '../errors.js';
import { type HalfmqHealthReport, type HealthOptions, healthReport } from '../health.js';
import type { ReceivedMessage } from '../message.js';
import { ClientConnection } from '../nest/connection.js';
import { MessageContext } from '../nest/message-context.js';
import { nestLog } from '../nest/nest-log.js';
import { NEST_START_TIMEOUT_MS } from '../nest/options.js';
import type { Producer } from '../producer/producer.js';
import type { HalfmqServerOptions } from './options.js';
import { patternsByTopic } from './patterns.js';
import { dataOf, type Reply, replyOf, replyOfError } from './replies.js';

/**
 * Serves `@EventPattern` and `@MessagePattern` from topics: `NestFactory.createMicroservice(AppModule, { strategy: new
 * HalfmqServer({ nameServers, group: 'orders' }) })`.
 *
 * A message that nobody waits for is acknowledged when its handler has returned, and comes again when it threw, as with
 * `@MessageHandler`. Who waits for a reply is told what the handler returned, or threw, and decides by itself; an Observable
 * is answered with its last value.
 */
export class HalfmqServer extends Server implements CustomTransportStrategy {
  /** What a handler throws is seen here, and makes its message come again. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly client: Client;
  private readonly connection: ClientConnection;
  private readonly replies: Producer;
  private readonly clock: Clock;
  private consumer: PushConsumer | undefined;
  private patterns: ReadonlyMap<string, string> = new Map();

  /** @throws InvalidOption */
  constructor(private readonly options: HalfmqServerOptions) {
    super();
    const { clock = systemClock, log = nestLog() } = options;
    this.clock = clock;
    this.client = new Client({ ...options, clock, log, startTimeoutMs: NEST_START_TIMEOUT_MS });
    this.connection = new ClientConnection(this.client, clock, log);
    this.replies = this.client.producer({ group: options.group });
  }

  /** Calls back when it consumes, or has begun to look for a name server that is not there yet. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      this.patterns = patternsByTopic(this.messageHandlers.keys(), this.options.topicOf);
      const consumer = this.consumerOptions();
      // a mistake stops the start, also while no name server answers
      if (consumer) checkConsumerOptions(consumer);
      else this.logger.warn('there is no @EventPattern and no @MessagePattern: nothing is consumed');
      await this.connection.open(async () => {
        this.consumer = consumer && this.client.consumer(consumer);
        await this.consumer?.start();
      });
    } catch (error) {
      return callback(error);
    }
    callback();
  }

  /** Drains: running handlers end, replies leave, offsets are committed. */
  async close(): Promise<void> {
    this.connection.stopTrying();
    await this.client.close();
  }

  /**
   * For a health check, with Terminus: `health.check([() => server.check('orders')])`.
   * @param key of the entry in the check's answer
   */
  check<Key extends string>(key: Key, options?: HealthOptions): Record<Key, HalfmqHealthReport> {
    const consumers = this.consumer ? [this.consumer.status] : [];
    const examined = { connected: this.connection.isConnected, consumers, now: this.clock.now() };
    return { [key]: healthReport(examined, options) } as Record<Key, HalfmqHealthReport>;
  }

  /** The HalfmqClient of @halfmq/transaction it works with. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the signature is Nest's
  override unwrap<T>(): T {
    return this.client as T;
  }

  on(event: string): never {
    throw new InvalidOption(
      `HalfmqServer has no events, not ${event}: channels of node:diagnostics_channel tell`,
    );
  }

  private consumerOptions(): ConsumerOptions | undefined {
    if (this.patterns.size === 0) return undefined;
    return {
      ...this.options,
      // who asks must not wait for a first question to make the topic
      makeTopics: true,
      subscriptions: Object.fromEntries([...this.patterns.keys()].map((topic) => [topic, '*'])),
      handle: (message, handling) => this.handle(message, handling),
    };
  }

  private async handle(message: ReceivedMessage, handling: HandlingContext): Promise<void> {
    const pattern = this.patterns.get(message.topic) ?? '';
    const handler = this.messageHandlers.get(pattern);
    if (!handler) throw new InvalidOption(`no handler for topic ${message.topic}`);
    const context = new MessageContext(this.options.group, message, handling);
    const isAsked = message.properties.has(PropertyName.REPLY_TO_CLIENT);
    try {
      const result = await this.resultOf(handler, context);
      if (isAsked) await this.reply(message, replyOf(result));
    } catch (error) {
      if (error instanceof RetryIn || error instanceof PauseGroup || !isAsked) throw error;
      await this.reply(message, replyOfError(error));
      if (error instanceof DeadLetter || error instanceof Skip) throw error;
    }
  }

  /** Within the hooks that instrumentation has set, as Nest's own servers call them: a custom one may have no id. */
  private resultOf(handler: MessageHandler, context: MessageContext): Promise<unknown> {
    const id = this.transportId as symbol;
    const ended = this.onProcessingEndHook as typeof this.onProcessingEndHook | undefined;
    return new Promise((resolve, reject) => {
      this.onProcessingStartHook(id, context, async () => {
        try {
          const returned: unknown = await handler(dataOf(context.message.body), context);
          resolve(await lastValueFrom(this.transformToObservable(returned), { defaultValue: undefined }));
        } catch (error) {
          reject(error);
        } finally {
          ended?.(id, context);
        }
      });
    });
  }

  /** Handled is handled: who has asked may be gone, or have waited long enough. */
  private async reply(to: ReceivedMessage, { body, properties }: Reply): Promise<void> {
    try {
      await this.replies.reply(to, body, properties);
    } catch (error) {
      const { topic, messageId } = to;
      this.logger.warn(`a reply to ${topic} ${messageId} did not reach who has asked: ${String(error)}`);
    }
  }
}
