import type { OutgoingMessage } from './message.js';
import { type Duration, parseDuration } from './duration.js';
import { checkCloudEvents, type CloudEventsOptions, dataBytes, enveloped } from './cloud-events.js';
import { InvalidOption, MessageInvalid } from './errors.js';

/** A class whose instances are bodies; with /nest, class-validator checks them when sent and when received. */
export type BodyClass<T> = new (...args: never[]) => T;

/** json: anything JSON.stringify takes. text: strings as UTF-8. bytes: Buffers as they are. */
export type BodyFormat = 'json' | 'text' | 'bytes';

const FORMATS: readonly BodyFormat[] = ['json', 'text', 'bytes'];

export interface TopicOptions<T> {
  /** business keys to find a message by */
  key?(body: T): string | readonly string[];
  /** messages with one ordering key go to one queue, in the order of being sent */
  orderingKey?(body: T): string;
  /** the class to check bodies against and to make them of */
  readonly schema?: BodyClass<T> | undefined;
  /** json unless told */
  readonly format?: BodyFormat | undefined;
  /** messages are CloudEvents, and those that come are read in either mode */
  readonly cloudEvents?: CloudEventsOptions<T> | undefined;
}

/** What may be said about one message. At most one of `delay`, `deliverAt` and `delayLevel`. */
export interface SendOptions {
  readonly tag?: string | undefined;
  /** added to what the topic's `key` says */
  readonly keys?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** ms or text like '15m'; for a transactional message counted from the commit */
  readonly delay?: Duration | undefined;
  /** a Date, or ms since 1970 */
  readonly deliverAt?: Date | number | undefined;
  readonly delayLevel?: number | undefined;
  /** over what the topic's `orderingKey` says */
  readonly orderingKey?: string | undefined;
}

/** A topic's name together with the type of its bodies and how they travel. */
export class Topic<T> {
  /** @throws InvalidOption for a format there is not */
  constructor(
    readonly name: string,
    private readonly options: TopicOptions<T> = {},
  ) {
    const { format = 'json', cloudEvents } = options;
    if (cloudEvents) checkCloudEvents(name, cloudEvents);
    if (FORMATS.includes(format)) return;
    throw new InvalidOption(
      `topic ${name}: format ${FORMATS.join(', ')} expected, got ${JSON.stringify(format)}`,
    );
  }

  get schema(): BodyClass<T> | undefined {
    return this.options.schema;
  }

  /** @throws MessageInvalid when the body does not fit the topic's format */
  message(body: T, options: SendOptions = {}): OutgoingMessage {
    const { tag, delay, deliverAt, delayLevel, keys = [], orderingKey, properties } = options;
    const { format = 'json', cloudEvents } = this.options;
    const encoded = this.encode(body);
    const event = cloudEvents && enveloped(cloudEvents, format, body, encoded);
    return {
      topic: this.name,
      body: event?.body ?? encoded,
      tag,
      properties: event ? { ...event.properties, ...properties } : properties,
      keys: together(this.options.key?.(body), keys),
      orderingKey: orderingKey ?? this.options.orderingKey?.(body),
      delayMs: delay === undefined ? undefined : parseDuration(delay),
      deliverAt: deliverAt instanceof Date ? deliverAt.getTime() : deliverAt,
      delayLevel,
    };
  }

  /**
   * @param properties of its message, for a topic of CloudEvents
   * @throws MessageInvalid when the bytes are no body of this topic
   */
  decode(body: Buffer, properties?: ReadonlyMap<string, string>): T {
    const { format = 'json', cloudEvents } = this.options;
    const bytes = cloudEvents && properties ? dataBytes(this.name, body, properties) : body;
    if (format === 'bytes') return bytes as T;
    const text = bytes.toString('utf8');
    if (format === 'text') return text as T;
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new MessageInvalid(
        `a message of ${this.name} is no JSON (${(error as Error).message}). If its senders write plain text or ` +
          `bytes, say so: topic('${this.name}', { format: 'text' })`,
      );
    }
  }

  private json(body: T): string | undefined {
    try {
      return JSON.stringify(body);
    } catch (error) {
      throw new MessageInvalid(
        `a body of ${this.name} cannot be written as JSON: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  private encode(body: T): Buffer | string {
    const { format = 'json' } = this.options;
    if (format === 'json') {
      const text = this.json(body);
      if (text !== undefined) return text;
    }
    if (format === 'text' && typeof body === 'string') return body;
    if (format === 'bytes' && Buffer.isBuffer(body)) return body;
    throw new MessageInvalid(`a body of ${this.name} must be ${format}; got ${typeof body}`);
  }
}

function together(own: string | readonly string[] | undefined, more: readonly string[]): readonly string[] {
  if (own === undefined) return more;
  return typeof own === 'string' ? [own, ...more] : [...own, ...more];
}

/**
 * Names a topic and the type of its bodies, once, for senders and handlers.
 * `topic<{ orderId: string }>('shop-order-placed', { key: (m) => m.orderId })`, or with a class to validate against:
 * `topic('shop-order-placed', { schema: OrderPlacedBody })`.
 */
export function topic<T>(name: string, options?: TopicOptions<T>): Topic<T> {
  return new Topic(name, options);
}

/** A topic by its description or, for JSON without keys, by its bare name. */
export type TopicOrName<T> = Topic<T> | string;

/**
 * @see TopicOrName
 * @throws InvalidOption for what is neither
 */
export function topicOf<T>(named: TopicOrName<T>): Topic<T> {
  if (typeof named === 'string') return new Topic(named);
  if (isTopicLike(named)) return named;
  throw new InvalidOption(
    `a topic is a name or made by topic('name'); got ${JSON.stringify(named)}` +
      (named === undefined ? ' (its module may be imported in a circle)' : ''),
  );
}

/** Also one of another copy of this library. */
function isTopicLike(value: unknown): value is Topic<never> {
  return typeof value === 'object' && value !== null && 'message' in value && 'decode' in value;
}
