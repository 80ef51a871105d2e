import type { Clock, Log } from '@halfmq/remoting';
import type { ClientHook, HandOut } from './hook.js';
import type { ReceivedMessage, TransactionState } from './message.js';
import type { BarrierPreview } from './transaction/barrier.js';

export interface TraceOptions {
  /** RMQ_SYS_TRACE_TOPIC unless told */
  readonly topic?: string | undefined;
}

export interface ClientOptions {
  /**
   * host:port of the name servers: a list, or text separated by ; or ,. Or where an address server says which they are,
   * like http://host:8080/rocketmq/nsaddr: it is asked each two minutes, and a changed list is followed.
   */
  readonly nameServers: string | readonly string[];
  /**
   * RocketMQ's namespace: topics and groups of this client are `namespace%name` to brokers and tools, and meet only those of
   * clients of the same namespace
   */
  readonly namespace?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
  /** the middle of the client id `ip@instance`; unique for this client unless told */
  readonly instanceName?: string | undefined;
  /** for one request that is no send and no pull; 3 s unless told */
  readonly requestTimeoutMs?: number | undefined;
  /** how long a pull may wait at the broker for a message; 15 s unless told */
  readonly pullHoldMs?: number | undefined;
  /**
   * RocketMQ's sendLatencyFaultEnable: a broker that took 550 ms or longer to answer a send is passed over for 2 to 30 s
   * while there are others, one that failed for 10 s instead of 5. Messages with an ordering key keep to their queue.
   */
  readonly sendLatencyFault?: boolean | undefined;
  /** how long start() looks for a name server before it gives up; 10 s unless told */
  readonly startTimeoutMs?: number | undefined;
  /** see and take part in sends, deliveries and verdicts: instrumentation, audit. The first is the outermost */
  readonly hooks?: readonly ClientHook[] | undefined;
  /**
   * RocketMQ's message trace, for `mqadmin queryMsgTraceById` and dashboards: off unless told. true: to its own topic,
   * RMQ_SYS_TRACE_TOPIC. It costs a message for about ten traced acts, sent in the background.
   */
  readonly trace?: boolean | TraceOptions | undefined;
  /** for tests: delivers late, twice, in another order; unless told each message is handled at once */
  readonly handOut?: HandOut | undefined;
}

export interface ProducerOptions {
  /** DEFAULT_PRODUCER unless told */
  readonly group?: string | undefined;
  /** attempts after the first; 2 unless told */
  readonly retries?: number | undefined;
  /** for one send, all its attempts together; 3 s unless told */
  readonly sendTimeoutMs?: number | undefined;
}

export interface TransactionProducerOptions {
  readonly group: string;
  /** topics whose transactions this process can be asked about; known to the brokers before the first send */
  readonly topics: readonly string[];
  /**
   * Asked when a half message got no verdict. May be asked about the predecessors of this process, and more than once.
   * Throwing means unknown.
   */
  readonly check: (message: ReceivedMessage) => Promise<TransactionState>;
  /** What `check` would answer, for an operator to see: only reads. Without it the answer is "unknown". */
  readonly preview?: ((message: ReceivedMessage) => Promise<BarrierPreview>) | undefined;
  readonly sendTimeoutMs?: number | undefined;
}
