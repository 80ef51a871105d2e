import {
  recallMessage,
  recallMessageResponse,
  RemotingError,
  ResponseCode,
  sendBatchMessage,
  sendReplyMessageV2,
  sendMessageResponse,
  sendMessageV2,
  type Clock,
  type Command,
  type MessageQueue,
  type RecallHandle,
  type SendMessageHeader,
  type SendMessageResponseHeader,
} from '@halfmq/remoting';
import { refusal, type BrokerAddress, type BrokerRequests } from '../broker-requests.js';
import { BrokerRefused, BrokerUnreachable, NoNameServer, NoRoute, SendFailed } from '../errors.js';
import type { Sent } from '../hook.js';
import type { Hooks } from '../hooks.js';
import type { SendStatus } from '../message.js';
import type { Routes } from '../routes/routes.js';
import { DEFAULT_TOPIC, DEFAULT_TOPIC_QUEUES } from '../routes/topic-route.js';
import { QueueChooser } from './choose-queue.js';
import { batchOf, type WireMessage } from './outgoing.js';

/** Codes after which the same message may be taken elsewhere or a moment later: RocketMQ's own set, and flow control. */
const RETRYABLE: ReadonlySet<number> = new Set([
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.SYSTEM_ERROR,
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.NO_PERMISSION,
  ResponseCode.NO_BUYER_ID,
  ResponseCode.NOT_IN_CURRENT_UNIT,
  ResponseCode.FLOW_CONTROL,
  ResponseCode.GO_AWAY,
]);

const STORED: ReadonlyMap<number, SendStatus> = new Map([
  [ResponseCode.SUCCESS, 'stored'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'flush-disk-timeout'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'slave-not-available'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'flush-slave-timeout'],
]);

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
/** The broker asks the client that waits, for 10 s at most. */
const REPLY_TIMEOUT_MS = 11_000;

export interface SendHow {
  readonly group: string;
  /** attempts after the first that reached a broker; attempts without a connection do not count */
  readonly retries: number;
  /** all attempts together */
  readonly timeoutMs: number;
  /** false: never send again what a broker may have stored without answering */
  readonly repeatUnanswered: boolean;
  /** what the message is made of, when it is a batch */
  readonly batch?: readonly WireMessage[] | undefined;
  /** no message of the application: hooks do not hear of it */
  readonly isUnseen?: boolean | undefined;
  /** runs before the request, for a broker that must know something first */
  readonly before?: ((broker: BrokerAddress) => Promise<void> | undefined) | undefined;
}

/** Where a message came to lie. */
export interface Stored {
  readonly broker: BrokerAddress;
  readonly status: SendStatus;
  readonly header: SendMessageResponseHeader;
}

/** Brings one message to one queue, trying again where that can help and is safe. */
export class Delivery {
  private readonly chooser: QueueChooser;

  constructor(
    private readonly clock: Clock,
    private readonly routes: Routes,
    private readonly brokers: BrokerRequests,
    private readonly hooks?: Hooks,
    avoidsSlow = false,
  ) {
    this.chooser = new QueueChooser(clock, avoidsSlow);
  }

  /** @throws NoRoute, NoNameServer, SendFailed with every attempt */
  send(message: WireMessage, how: SendHow): Promise<Stored> {
    const { hooks } = this;
    if (!hooks || how.isUnseen) return this.bring(message, how);
    const bring = (hooked: readonly WireMessage[]): Promise<Stored> => {
      const [first = message] = hooked;
      return this.bring(how.batch ? batchOf(first.topic, hooked) : first, how);
    };
    return hooks.send(how.batch ?? [message], how.group, bring, sentOf);
  }

  private async bring(message: WireMessage, how: SendHow): Promise<Stored> {
    const { routes } = this;
    const { topic } = message;
    const deadline = this.clock.monotonic() + how.timeoutMs;
    const attempts: string[] = [];
    let maybeStored = false;
    let pause = FIRST_PAUSE_MS;
    for (let left = how.retries; ;) {
      let queue: MessageQueue | undefined;
      try {
        queue = this.choose(message, routes.knownPublishQueues(topic) ?? (await routes.publishQueues(topic)));
        return await this.attempt(queue, message, how, deadline);
      } catch (error) {
        if (!queue && attempts.length === 0) throw error;
        if (attempts.at(-1) !== textOf(error)) attempts.push(textOf(error));
        const unanswered = error instanceof RemotingError;
        maybeStored ||= unanswered;
        if (!(error instanceof BrokerUnreachable)) left--;
        const again =
          queue && left >= 0 && canRepeat(error, how) && this.clock.monotonic() + pause < deadline;
        if (!queue || !again) throw new SendFailed(topic, maybeStored, attempts, { cause: error });
        this.chooser.failed(queue.brokerName);
        routes.refresh(topic);
        await new Promise<void>((resolve) => this.clock.after(pause, resolve));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /**
   * Brings a reply to the broker its request came from: only that one knows who waits.
   * @throws NoRoute, BrokerUnreachable, BrokerRefused: it did not reach its client; RemotingError
   */
  async reply(message: WireMessage, brokerName: string, group: string): Promise<void> {
    const queue = { topic: message.topic, brokerName, queueId: 0 };
    const header = headerOf(message, queue, { group }, this.clock);
    await this.brokers.call(this.brokerOf(queue), {
      spec: sendReplyMessageV2,
      header,
      body: message.body,
      timeoutMs: REPLY_TIMEOUT_MS,
    });
  }

  /**
   * Takes back a message that waits for its time.
   * @returns its id
   * @throws NoRoute, BrokerUnreachable, BrokerRefused: too late, or no handle; RemotingError
   */
  recall(
    topic: string,
    recallHandle: string,
    { brokerName, uniqueKey }: RecallHandle,
    group: string,
  ): Promise<string> {
    const ask = (): Promise<string> => this.askBack(topic, recallHandle, brokerName, group);
    return this.hooks?.recall({ group, topic, messageId: uniqueKey, brokerName }, ask) ?? ask();
  }

  private async askBack(
    topic: string,
    recallHandle: string,
    brokerName: string,
    group: string,
  ): Promise<string> {
    const broker = this.brokerOf({ topic, brokerName, queueId: 0 });
    const header = { producerGroup: group, topic, recallHandle, bname: brokerName };
    const answer = await this.brokers.call(broker, { spec: recallMessage, header });
    return recallMessageResponse.decode(answer.extFields ?? {}).msgId;
  }

  /** Writes the message once; nobody answers. @throws NoRoute, NoNameServer, BrokerUnreachable */
  async sendOneWay(message: WireMessage, group: string): Promise<void> {
    const { hooks } = this;
    if (!hooks) return this.write(message, group);
    const write = ([hooked = message]: readonly WireMessage[]): Promise<void> => this.write(hooked, group);
    await hooks.send([message], group, write, () => undefined);
  }

  private async write(message: WireMessage, group: string): Promise<void> {
    const { routes } = this;
    const { topic } = message;
    const queue = this.choose(
      message,
      routes.knownPublishQueues(topic) ?? (await routes.publishQueues(topic)),
    );
    const header = headerOf(message, queue, { group }, this.clock);
    const spec = sendMessageV2;
    await this.brokers.oneWay(this.brokerOf(queue), { spec, header, body: message.body });
  }

  private choose(message: WireMessage, queues: readonly MessageQueue[]): MessageQueue {
    return message.orderingKey === undefined
      ? this.chooser.inTurn(message.topic, queues)
      : this.chooser.byKey(message.orderingKey, queues);
  }

  private async attempt(
    queue: MessageQueue,
    message: WireMessage,
    how: SendHow,
    deadline: number,
  ): Promise<Stored> {
    const broker = this.brokerOf(queue);
    const before = how.before?.(broker);
    if (before) await prepared(before, broker);
    const begun = this.clock.monotonic();
    const answer = await this.brokers.ask(broker, {
      spec: how.batch ? sendBatchMessage : sendMessageV2,
      header: headerOf(message, queue, how, this.clock),
      body: message.body,
      timeoutMs: Math.max(1, deadline - begun),
    });
    const stored = storedFrom(broker, answer);
    this.chooser.succeeded(queue.brokerName, this.clock.monotonic() - begun);
    return stored;
  }

  private brokerOf({ topic, brokerName }: MessageQueue): BrokerAddress {
    const address = this.routes.primaryOf(brokerName);
    if (address === undefined) throw new NoRoute(topic, `broker ${brokerName} has no primary now`);
    return { brokerName, address };
  }
}

/** Whatever fails before the message is on its way is a broker that cannot be reached: nothing is stored there. */
async function prepared(before: Promise<void>, broker: BrokerAddress): Promise<void> {
  try {
    await before;
  } catch (error) {
    if (!(error instanceof RemotingError)) throw error;
    throw new BrokerUnreachable(broker.brokerName, broker.address, { cause: error });
  }
}

function headerOf(
  message: WireMessage,
  queue: MessageQueue,
  how: Pick<SendHow, 'group' | 'batch'>,
  clock: Clock,
): SendMessageHeader {
  return {
    producerGroup: how.group,
    topic: message.topic,
    defaultTopic: DEFAULT_TOPIC,
    defaultTopicQueueNums: DEFAULT_TOPIC_QUEUES,
    queueId: queue.queueId,
    sysFlag: message.sysFlag,
    bornTimestamp: clock.now(),
    flag: 0,
    properties: message.properties,
    reconsumeTimes: message.reconsumeTimes ?? 0,
    unitMode: false,
    maxReconsumeTimes: message.maxReconsumeTimes,
    batch: how.batch !== undefined,
    bname: queue.brokerName,
  };
}

/** @throws BrokerRefused */
function storedFrom(broker: BrokerAddress, answer: Command): Stored {
  const status = STORED.get(answer.code);
  if (status === undefined) throw refusal(broker, answer);
  return { broker, status, header: sendMessageResponse.decode(answer.extFields ?? {}) };
}

/** As hooks are told it. */
function sentOf({ broker, status, header }: Stored): Sent {
  return {
    ...broker,
    status,
    queueId: header.queueId,
    queueOffset: header.queueOffset,
    offsetMessageIds: header.msgId.split(','),
    regionId: header.MSG_REGION,
    isTraced: header.TRACE_ON !== 'false',
  };
}

function canRepeat(error: unknown, how: SendHow): boolean {
  if (error instanceof BrokerUnreachable) return true;
  if (error instanceof RemotingError) return how.repeatUnanswered && error.kind !== 'malformed';
  return error instanceof BrokerRefused && RETRYABLE.has(error.responseCode);
}

/** Whether the same message may be taken later: brokers or name servers are away, busy, or do not know the topic yet. */
export function mayPass(error: unknown): boolean {
  if (error instanceof SendFailed) return error.cause === undefined || mayPass(error.cause);
  if (error instanceof BrokerRefused) return RETRYABLE.has(error.responseCode);
  return [BrokerUnreachable, NoRoute, NoNameServer, RemotingError].some((type) => error instanceof type);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
