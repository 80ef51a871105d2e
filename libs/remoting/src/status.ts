import { ResponseCode } from './codes.js';

/** What one outcome is called on every door, and what to do about it. */
export interface Status {
  /** response code on the remoting wire */
  readonly code: number;
  /** status code on the gRPC v2 wire (apache.rocketmq.v2.Code) */
  readonly grpc: number;
  readonly http: number;
  /** may the same request succeed later or on another broker, unchanged? */
  readonly retryable: boolean;
  readonly meaning: string;
  /** what the caller can do */
  readonly hint: string;
}

function status(
  code: number,
  [grpc, http]: readonly [number, number],
  retryable: boolean,
  meaning: string,
  hint: string,
): Status {
  return { code, grpc, http, retryable, meaning, hint };
}

const AGAIN = true;
const FINAL = false;

/** THE closed list of outcomes. A room throws or returns a name; each door turns it into its own number. */
const TABLE = {
  OK: status(ResponseCode.SUCCESS, [20000, 200], FINAL, 'done', ''),

  FLUSH_DISK_TIMEOUT: status(
    ResponseCode.FLUSH_DISK_TIMEOUT,
    [50401, 504],
    FINAL,
    'stored, but not synced to disk in time',
    'The message will be delivered; check the disk or raise syncFlushTimeout.',
  ),
  SLAVE_NOT_AVAILABLE: status(
    ResponseCode.SLAVE_NOT_AVAILABLE,
    [50002, 503],
    FINAL,
    'stored, but no replica was there to take it; or this broker is a replica',
    'Start the replica, or send to the primary.',
  ),
  FLUSH_SLAVE_TIMEOUT: status(
    ResponseCode.FLUSH_SLAVE_TIMEOUT,
    [50402, 504],
    FINAL,
    'stored, but the replica did not confirm in time',
    'The message will be delivered; check the replica.',
  ),

  SYSTEM_ERROR: status(
    ResponseCode.SYSTEM_ERROR,
    [50001, 500],
    AGAIN,
    'the server failed in a way it did not expect',
    "Read the remark and the server's log.",
  ),
  SYSTEM_BUSY: status(
    ResponseCode.SYSTEM_BUSY,
    [42900, 429],
    AGAIN,
    'the server has more to do than it can take',
    'Try again later or on another broker.',
  ),
  REQUEST_CODE_NOT_SUPPORTED: status(
    ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
    [50100, 501],
    FINAL,
    'this server knows no such request',
    'Use a request this server knows: over HTTP they are listed at /docs.',
  ),
  SERVICE_NOT_AVAILABLE: status(
    ResponseCode.SERVICE_NOT_AVAILABLE,
    [50001, 503],
    AGAIN,
    'the server cannot take writes now: it is stopping, or its store failed',
    'Try another broker, or this one after its restart.',
  ),
  DISK_FULL: status(
    ResponseCode.SERVICE_NOT_AVAILABLE,
    [50001, 507],
    AGAIN,
    'the disk of the store is full',
    'Free space or lower fileReservedTime; sends resume by themselves.',
  ),
  VERSION_NOT_SUPPORTED: status(
    ResponseCode.VERSION_NOT_SUPPORTED,
    [50501, 501],
    FINAL,
    'the client is too old or too new for this request',
    'Change the version of the client.',
  ),
  NO_PERMISSION: status(
    ResponseCode.NO_PERMISSION,
    [40300, 403],
    FINAL,
    'the topic, the group or the broker does not permit this',
    'Check the perm bits of topic and broker, and the group switches.',
  ),
  FLOW_CONTROL: status(
    ResponseCode.FLOW_CONTROL,
    [42900, 429],
    AGAIN,
    'too many requests of this kind',
    'Slow down and try again.',
  ),
  GO_AWAY: status(
    ResponseCode.GO_AWAY,
    [50001, 503],
    AGAIN,
    'the server is stopping and asks for a new connection',
    'Connect again and repeat the request.',
  ),
  ILLEGAL_OPERATION: status(
    ResponseCode.ILLEGAL_OPERATION,
    [40000, 409],
    FINAL,
    'the request comes too late or names something that cannot be changed',
    'Read the remark.',
  ),
  INVALID_PARAMETER: status(
    ResponseCode.INVALID_PARAMETER,
    [40000, 400],
    FINAL,
    'a field of the request is missing or out of range',
    'The remark (over HTTP: detail) names the field, what was expected and what came.',
  ),

  MESSAGE_ILLEGAL: status(
    ResponseCode.MESSAGE_ILLEGAL,
    [40016, 400],
    FINAL,
    'the message is too large, empty, or has illegal properties',
    'The remark (over HTTP: detail) names the limit.',
  ),
  TOPIC_NOT_EXIST: status(
    ResponseCode.TOPIC_NOT_EXIST,
    [40402, 404],
    AGAIN,
    'nobody knows this topic',
    'Create the topic, or send to it first: a send creates it while autoCreateTopicEnable is on.',
  ),
  TOPIC_EXIST_ALREADY: status(
    ResponseCode.TOPIC_EXIST_ALREADY,
    [40000, 409],
    FINAL,
    'a topic of this name exists',
    'Choose another name.',
  ),
  QUERY_NOT_FOUND: status(
    ResponseCode.QUERY_NOT_FOUND,
    [40400, 404],
    FINAL,
    'nothing matches the query',
    'Nothing to do: of an offset it means that the group has not consumed yet, of a message that it is not here, or not any more.',
  ),

  PULL_NOT_FOUND: status(
    ResponseCode.PULL_NOT_FOUND,
    [40401, 404],
    AGAIN,
    'no new message yet',
    'Pull again.',
  ),
  PULL_RETRY_IMMEDIATELY: status(
    ResponseCode.PULL_RETRY_IMMEDIATELY,
    [40401, 404],
    AGAIN,
    'messages were scanned and none matched',
    'Pull again from nextBeginOffset.',
  ),
  PULL_OFFSET_MOVED: status(
    ResponseCode.PULL_OFFSET_MOVED,
    [40019, 416],
    AGAIN,
    'the offset lies outside the queue',
    'Pull again from nextBeginOffset.',
  ),
  SUBSCRIPTION_PARSE_FAILED: status(
    ResponseCode.SUBSCRIPTION_PARSE_FAILED,
    [40010, 400],
    FINAL,
    'the filter expression cannot be parsed',
    'Correct the expression.',
  ),
  SUBSCRIPTION_NOT_EXIST: status(
    ResponseCode.SUBSCRIPTION_NOT_EXIST,
    [40400, 404],
    AGAIN,
    'the group has no subscription for the topic, or is not online',
    'Send a heartbeat with the subscription first.',
  ),
  SUBSCRIPTION_NOT_LATEST: status(
    ResponseCode.SUBSCRIPTION_NOT_LATEST,
    [42800, 412],
    AGAIN,
    "the heartbeat with the request's subscription has not arrived yet",
    'Send a heartbeat and pull again.',
  ),
  SUBSCRIPTION_GROUP_NOT_EXIST: status(
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    [40403, 404],
    FINAL,
    'nobody knows this consumer group',
    'Create the group, or allow autoCreateSubscriptionGroup.',
  ),
  FILTER_DATA_NOT_EXIST: status(
    ResponseCode.FILTER_DATA_NOT_EXIST,
    [42800, 412],
    AGAIN,
    'the SQL filter is not compiled yet',
    'Send a heartbeat and pull again.',
  ),
  FILTER_DATA_NOT_LATEST: status(
    ResponseCode.FILTER_DATA_NOT_LATEST,
    [42800, 412],
    AGAIN,
    'the compiled SQL filter is older than the request',
    'Send a heartbeat and pull again.',
  ),
  CONSUMER_NOT_ONLINE: status(
    ResponseCode.CONSUMER_NOT_ONLINE,
    [40400, 404],
    AGAIN,
    'no consumer of the group is connected',
    'Start a consumer of the group.',
  ),
  CONSUME_MSG_TIMEOUT: status(
    ResponseCode.CONSUME_MSG_TIMEOUT,
    [50400, 504],
    AGAIN,
    'the consumer did not answer in time',
    'Look at the consumer.',
  ),
  BROADCAST_CONSUMPTION: status(
    ResponseCode.BROADCAST_CONSUMPTION,
    [40000, 409],
    FINAL,
    'the group consumes by broadcasting, its offsets are with the clients',
    'Ask the clients.',
  ),
  NO_MESSAGE: status(
    ResponseCode.NO_MESSAGE,
    [40401, 404],
    FINAL,
    'no message at this offset',
    'The message was acknowledged or has expired.',
  ),
  POLLING_FULL: status(
    ResponseCode.POLLING_FULL,
    [42900, 429],
    AGAIN,
    'too many polls are being held',
    'Poll again later.',
  ),
  POLLING_TIMEOUT: status(
    ResponseCode.POLLING_TIMEOUT,
    [40401, 404],
    AGAIN,
    'no message came while the poll was held',
    'Poll again.',
  ),

  LMQ_QUOTA_EXCEEDED: status(
    ResponseCode.LMQ_QUOTA_EXCEEDED,
    [42901, 429],
    AGAIN,
    'the broker has as many lite topics as it may have',
    'Let idle ones end (lite.topic.expiration of their topic), or raise maxLmqConsumeQueueNum.',
  ),
  LITE_SUBSCRIPTION_QUOTA_EXCEEDED: status(
    ResponseCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED,
    [42902, 429],
    AGAIN,
    'the client, or all of them together, subscribe to as many lite topics as they may',
    'Unsubscribe from some, spread them over more clients, or raise lite.sub.client.quota of the group or maxLiteSubscriptionCount.',
  ),

  TRANSACTION_ALREADY_COMMITTED: status(
    ResponseCode.TRANSACTION_SHOULD_COMMIT,
    [42800, 409],
    FINAL,
    'the transaction was committed before; the first verdict is final',
    'The message is delivered: reconcile by hand if the database said no.',
  ),
  TRANSACTION_ALREADY_ROLLED_BACK: status(
    ResponseCode.TRANSACTION_SHOULD_ROLLBACK,
    [42800, 409],
    FINAL,
    'the transaction was rolled back before; the first verdict is final',
    'The message is not delivered: send it again if the database said yes.',
  ),
  TRANSACTION_UNKNOWN_HALF: status(
    ResponseCode.TRANSACTION_FAILED,
    [40008, 404],
    FINAL,
    'no half message at this place, or its verdict is forgotten',
    'Nothing was delivered by this request; look the message up by its key.',
  ),
  TRANSACTION_ID_TAKEN: status(
    ResponseCode.ILLEGAL_OPERATION,
    [40000, 409],
    FINAL,
    'another transaction has this id',
    'Repeat a call with the messages it had, or choose an id that is new.',
  ),
  TRANSACTION_DECIDED: status(
    ResponseCode.ILLEGAL_OPERATION,
    [42800, 409],
    FINAL,
    'the transaction is decided: nothing is left to ask',
    'Read the verdict; it is final.',
  ),
  TRANSACTION_NOBODY_TO_ASK: status(
    ResponseCode.SYSTEM_ERROR,
    [40400, 503],
    AGAIN,
    'nobody can be asked about this transaction now',
    'Start a producer of the group that can answer for the topic, or the service behind its checkUrl.',
  ),
  TRANSACTION_GROUP_WRONG: status(
    ResponseCode.TRANSACTION_STATE_GROUP_WRONG,
    [40000, 403],
    FINAL,
    'the half message belongs to another producer group',
    'End it with the group that sent it.',
  ),
} satisfies Record<string, Status>;

export type StatusName = keyof typeof TABLE;
export const STATUS: Readonly<Record<StatusName, Status>> = TABLE;

const BY_CODE: ReadonlyMap<number, StatusName> = new Map(
  (Object.keys(TABLE) as StatusName[]).reverse().map((name) => [TABLE[name].code, name]),
);

/** The status a remote answer's code stands for (the first of the table where two share one), SYSTEM_ERROR otherwise. */
export function statusOfCode(code: number): StatusName {
  return BY_CODE.get(code) ?? 'SYSTEM_ERROR';
}

/** More about an outcome: fields of a problem document, and of an answer on the wire. */
export type StatusFacts = Readonly<Record<string, string | number | undefined>>;

/** An outcome that ends the work at hand. Any room throws it; the door answers with the status and the detail. */
export class StatusError extends Error {
  override readonly name = 'StatusError';

  /** @param detail one line for the caller: names what was expected and what came */
  constructor(
    readonly status: StatusName,
    detail: string = STATUS[status].meaning,
    readonly facts: StatusFacts = {},
  ) {
    super(detail);
  }
}
