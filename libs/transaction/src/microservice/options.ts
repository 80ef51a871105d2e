import type { ClientOptions, ProducerOptions } from '../client-options.js';
import type { ConsumerOptions } from '../consumer/consumer-options.js';
import type { Duration } from '../duration.js';
import type { TopicOfPattern } from './patterns.js';

interface Patterns {
  /**
   * The topic of a pattern, the same for servers and clients; unless told the pattern's words joined by hyphens:
   * `order.placed` is `order-placed`, `{ cmd: 'sum' }` is `cmd-sum`.
   */
  readonly topicOf?: TopicOfPattern | undefined;
}

/**
 * Of a HalfmqServer. `group` is the service's consumer group: each message goes to one of its processes, and each group
 * gets every message.
 */
export interface HalfmqServerOptions
  extends
    Omit<ClientOptions, 'startTimeoutMs'>,
    Omit<ConsumerOptions, 'subscriptions' | 'handle' | 'makeTopics'>,
    Patterns {}

/** Of a HalfmqClient of Nest. */
export interface HalfmqClientOptions extends ClientOptions, ProducerOptions, Patterns {
  /** for `send`, from the request to its reply; 3 s unless told */
  readonly timeout?: Duration | undefined;
}
