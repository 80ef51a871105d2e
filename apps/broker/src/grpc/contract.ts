/*
 * The messages of apache.rocketmq.v2 (apps/broker/proto) as this door reads and writes them: names in camel case, enums by
 * name, int64 as number, what is absent as undefined or null.
 */
export type Maybe<T> = T | null | undefined;

/** google.protobuf.Timestamp and Duration. */
export interface Seconds {
  readonly seconds: number;
  readonly nanos: number;
}

export interface Status {
  readonly code: number;
  readonly message: string;
}

export interface Resource {
  readonly resourceNamespace?: string;
  readonly name: string;
}

export interface Endpoints {
  readonly scheme: string;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
}

export type MessageType = 'NORMAL' | 'FIFO' | 'DELAY' | 'TRANSACTION' | 'LITE' | 'PRIORITY';

export interface MessageQueue {
  readonly topic?: Maybe<Resource>;
  readonly id: number;
  readonly permission?: 'NONE' | 'READ' | 'WRITE' | 'READ_WRITE';
  readonly broker?: Maybe<{
    readonly name: string;
    readonly id: number;
    readonly endpoints?: Maybe<Endpoints>;
  }>;
  readonly acceptMessageTypes?: readonly MessageType[];
}

export interface SystemProperties {
  readonly tag?: Maybe<string>;
  readonly keys?: readonly string[];
  readonly messageId: string;
  readonly bodyDigest?: Maybe<{ readonly type: string; readonly checksum: string }>;
  readonly bodyEncoding?: string;
  readonly messageType?: string;
  readonly bornTimestamp?: Maybe<Seconds>;
  readonly bornHost?: string;
  readonly storeTimestamp?: Maybe<Seconds>;
  readonly storeHost?: string;
  readonly deliveryTimestamp?: Maybe<Seconds>;
  readonly receiptHandle?: Maybe<string>;
  readonly queueId?: number;
  readonly queueOffset?: Maybe<number>;
  readonly deliveryAttempt?: Maybe<number>;
  readonly messageGroup?: Maybe<string>;
  readonly traceContext?: Maybe<string>;
  readonly orphanedTransactionRecoveryDuration?: Maybe<Seconds>;
  readonly deadLetterQueue?: Maybe<{ readonly topic: string; readonly messageId: string }>;
  readonly liteTopic?: Maybe<string>;
  readonly priority?: Maybe<number>;
}

export interface Message {
  readonly topic?: Maybe<Resource>;
  readonly userProperties?: Readonly<Record<string, string>>;
  readonly systemProperties?: Maybe<SystemProperties>;
  readonly body: Buffer;
}

export interface FilterExpression {
  readonly type: string;
  readonly expression: string;
}

export interface Settings {
  readonly clientType?: Maybe<string>;
  readonly accessPoint?: Maybe<Endpoints>;
  readonly backoffPolicy?: Maybe<object>;
  readonly requestTimeout?: Maybe<Seconds>;
  readonly publishing?: Maybe<Publishing>;
  readonly subscription?: Maybe<Subscription>;
  readonly userAgent?: Maybe<object>;
  readonly metric?: Maybe<object>;
}

export interface Publishing {
  readonly topics: readonly Resource[];
  readonly maxBodySize?: number;
  readonly validateMessageType?: boolean;
}

export interface Subscription {
  readonly group?: Maybe<Resource>;
  readonly subscriptions: readonly {
    readonly topic?: Maybe<Resource>;
    readonly expression?: Maybe<FilterExpression>;
  }[];
  readonly fifo?: Maybe<boolean>;
  readonly receiveBatchSize?: Maybe<number>;
  readonly longPollingTimeout?: Maybe<Seconds>;
  readonly liteSubscriptionQuota?: Maybe<number>;
  readonly maxLiteTopicSize?: Maybe<number>;
}

/** One of its fields is set. */
export interface TelemetryCommand {
  readonly status?: Maybe<Status>;
  readonly settings?: Maybe<Settings>;
  readonly threadStackTrace?: Maybe<{ readonly nonce: string; readonly threadStackTrace?: Maybe<string> }>;
  readonly verifyMessageResult?: Maybe<{ readonly nonce: string }>;
  readonly recoverOrphanedTransactionCommand?: { readonly message: Message; readonly transactionId: string };
  readonly printThreadStackTraceCommand?: { readonly nonce: string };
  readonly notifyUnsubscribeLiteCommand?: { readonly liteTopic: string };
  readonly verifyMessageCommand?: { readonly nonce: string; readonly message: Message };
}

export interface SendResultEntry {
  readonly status: Status;
  readonly messageId?: string;
  readonly transactionId?: string;
  readonly offset?: number;
  readonly recallHandle?: string | undefined;
}

export interface SendMessageRequest {
  readonly messages: readonly Message[];
}

export interface SendAnswer {
  readonly status: Status;
  readonly entries?: readonly SendResultEntry[];
}

export interface EndTransactionRequest {
  readonly topic?: Maybe<Resource>;
  readonly messageId: string;
  readonly transactionId: string;
  readonly resolution: string;
  readonly source: string;
}

export interface ReceiveMessageRequest {
  readonly group?: Maybe<Resource>;
  readonly messageQueue?: Maybe<MessageQueue>;
  readonly filterExpression?: Maybe<FilterExpression>;
  readonly batchSize: number;
  readonly invisibleDuration?: Maybe<Seconds>;
  readonly autoRenew: boolean;
  readonly longPollingTimeout?: Maybe<Seconds>;
  readonly attemptId?: Maybe<string>;
}

/** One of its fields is set. */
export interface ReceiveMessageElement {
  readonly status?: Status;
  readonly message?: Message;
  readonly deliveryTimestamp?: Seconds;
}

export interface PullMessageRequest {
  readonly group?: Maybe<Resource>;
  readonly messageQueue?: Maybe<MessageQueue>;
  readonly offset: number;
  readonly batchSize: number;
  readonly filterExpression?: Maybe<FilterExpression>;
  readonly longPollingTimeout?: Maybe<Seconds>;
}

/** One of its fields is set. */
export interface PullMessageElement {
  readonly status?: Status;
  readonly message?: Message;
  readonly nextOffset?: number;
}

export interface SyncLiteSubscriptionRequest {
  readonly action: 'PARTIAL_ADD' | 'PARTIAL_REMOVE' | 'COMPLETE_ADD' | 'COMPLETE_REMOVE';
  readonly topic?: Maybe<Resource>;
  readonly group?: Maybe<Resource>;
  readonly liteTopicSet: readonly string[];
  readonly offsetOption?: Maybe<OffsetOption>;
}

/** One of its fields is set, and named. */
export interface OffsetOption {
  readonly offsetType?: 'policy' | 'offset' | 'tailN' | 'timestamp';
  readonly policy?: 'LAST' | 'MIN' | 'MAX';
  readonly offset?: number;
  readonly tailN?: number;
  readonly timestamp?: number;
}

/** What names a message that was received. */
export interface HandleRequest {
  readonly group?: Maybe<Resource>;
  readonly topic?: Maybe<Resource>;
  readonly receiptHandle: string;
}

export interface ChangeInvisibleRequest extends HandleRequest {
  readonly invisibleDuration?: Maybe<Seconds>;
  /** it is put off, and not counted as handed out */
  readonly suspend?: Maybe<boolean>;
}

export interface AckMessageRequest {
  readonly group?: Maybe<Resource>;
  readonly topic?: Maybe<Resource>;
  readonly entries: readonly { readonly messageId: string; readonly receiptHandle: string }[];
}

export interface AckResult {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly status: Status;
}

export interface AckAnswer {
  readonly status: Status;
  readonly entries?: readonly AckResult[];
}

export function secondsOf(ms: number): Seconds {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

export function msOf(given: Maybe<Seconds>): number | undefined {
  return given ? given.seconds * 1000 + Math.floor(given.nanos / 1e6) : undefined;
}
