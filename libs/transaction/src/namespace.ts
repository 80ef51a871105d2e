import { InvalidOption } from './errors.js';

/** Before the name of a group whose retries, or dead letters, a topic holds. */
const PREFIXES = ['%RETRY%', '%DLQ%'];
const SYSTEM_PREFIXES = ['rmq_sys_', 'CID_RMQ_SYS_'];
/** Topics every namespace shares, as RocketMQ's clients have them. */
const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  'TBW102',
  'SCHEDULE_TOPIC_XXXX',
  'BenchmarkTest',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
]);
const NAME = /^[a-zA-Z0-9_-]{1,60}$/;

/**
 * RocketMQ's namespaces: `orders` of the namespace `eu` is `eu%orders` to brokers and tools, `%DLQ%stock` is `%DLQ%eu%stock`.
 * This client's users see their names alone. Without a namespace nothing is changed.
 */
export class Namespace {
  private readonly start: string;

  /** @throws InvalidOption */
  constructor(name: string | undefined) {
    if (name !== undefined && !NAME.test(name))
      throw new InvalidOption(
        `namespace: 1 to 60 characters of A-Z a-z 0-9 _ - expected, got ${JSON.stringify(name)}`,
      );
    this.start = name === undefined ? '' : `${name}%`;
  }

  /** A topic or group as brokers know it. One that is in the namespace already stays as it is. */
  wrap(name: string): string {
    if (this.start === '' || name === '' || isSystem(name)) return name;
    const [prefix, own] = split(name);
    return own.startsWith(this.start) ? name : prefix + this.start + own;
  }

  /** As this client's user knows it; what is not of the namespace stays as it is. */
  unwrap(name: string): string {
    if (this.start === '') return name;
    const [prefix, own] = split(name);
    return own.startsWith(this.start) ? prefix + own.slice(this.start.length) : name;
  }

  wrapped<T extends { readonly topic: string }>(what: T): T {
    return this.start === '' ? what : { ...what, topic: this.wrap(what.topic) };
  }

  unwrapped<T extends { readonly topic: string }>(what: T): T {
    return this.start === '' ? what : { ...what, topic: this.unwrap(what.topic) };
  }

  wrappedAll<T extends { readonly topic: string }>(queues: readonly T[]): readonly T[] {
    return queues.map((queue) => this.wrapped(queue));
  }

  unwrappedAll<T extends { readonly topic: string }>(queues: readonly T[]): readonly T[] {
    return queues.map((queue) => this.unwrapped(queue));
  }

  /** @param subscriptions by topic */
  wrappedKeys<V>(subscriptions: Readonly<Record<string, V>>): Record<string, V> {
    return Object.fromEntries(
      Object.entries(subscriptions).map(([topic, wanted]) => [this.wrap(topic), wanted]),
    );
  }
}

function isSystem(name: string): boolean {
  return SYSTEM_TOPICS.has(name) || SYSTEM_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function split(name: string): readonly [prefix: string, own: string] {
  const prefix = PREFIXES.find((one) => name.startsWith(one)) ?? '';
  return [prefix, name.slice(prefix.length)];
}
