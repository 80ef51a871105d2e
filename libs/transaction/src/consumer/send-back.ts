import { consumerSendMsgBack, PropertyName, type Clock, type Log } from '@halfmq/remoting';
import type { BrokerRequests } from '../broker-requests.js';
import { NoRoute } from '../errors.js';
import type { Namespace } from '../namespace.js';
import type { Delivery } from '../producer/delivery.js';
import { toWire } from '../producer/outgoing.js';
import type { Routes } from '../routes/routes.js';
import type { TakenMessage } from './taken-message.js';
import { BY_RETRY_COUNT, DEAD_LETTER_LEVEL, FIRST_RETRY_LEVEL } from './retry.js';

const TIMEOUT_MS = 5_000;
/** The group RocketMQ's consumers re-send under. */
const INNER_PRODUCER = 'CLIENT_INNER_PRODUCER';

/** What the re-sent copy must not carry over: a new id is not made, a delay is set anew, it is no half message. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  PropertyName.TRAN_MSG,
  PropertyName.PGROUP,
  PropertyName.DELAY,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELIVER_MS,
]);

const RETRY_PREFIX = '%RETRY%';

export function retryTopic(group: string): string {
  return RETRY_PREFIX + group;
}

export function isRetryTopic(topic: string): boolean {
  return topic.startsWith(RETRY_PREFIX);
}

/** Gives a message back to its broker, to be delivered again later or to rest in the dead-letter topic. */
export class SendBack {
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly routes: Routes,
    private readonly brokers: BrokerRequests,
    private readonly delivery: Delivery,
    private readonly names: Namespace,
    private readonly group: string,
    private readonly maxReconsumeTimes: number,
  ) {}

  /**
   * Asks the broker it came from (36); when that fails, sends a copy to the retry topic, as RocketMQ's consumers do.
   * @param level DEAD_LETTER_LEVEL, BY_RETRY_COUNT or a delay level
   * @throws when neither worked: the message is still to be handled here
   */
  async give(taken: TakenMessage, level: number): Promise<void> {
    try {
      await this.ask(taken, level);
    } catch (error) {
      this.log.warn('a message could not be sent back, sending a copy', {
        group: this.group,
        messageId: taken.message.messageId,
        error,
      });
      await this.resend(taken, level);
    }
  }

  private async ask({ message, physicalOffset }: TakenMessage, level: number): Promise<void> {
    const { brokerName } = message;
    const address = this.routes.primaryOf(brokerName);
    if (address === undefined) throw new NoRoute(message.topic, `broker ${brokerName} has no primary now`);
    const header = {
      offset: physicalOffset,
      group: this.group,
      delayLevel: level,
      originMsgId: message.messageId,
      originTopic: this.names.wrap(message.topic),
      unitMode: false,
      maxReconsumeTimes: this.maxReconsumeTimes,
      bname: brokerName,
    };
    await this.brokers.call(
      { brokerName, address },
      { spec: consumerSendMsgBack, header, timeoutMs: TIMEOUT_MS },
    );
  }

  private async resend({ message }: TakenMessage, level: number): Promise<void> {
    const dead = level === DEAD_LETTER_LEVEL;
    // a broker moves what was retried more often than allowed to the dead-letter topic
    const times = dead ? this.maxReconsumeTimes + 1 : message.reconsumeTimes + 1;
    const delay = level === BY_RETRY_COUNT ? FIRST_RETRY_LEVEL + message.reconsumeTimes : level;
    const kept = [...message.properties].filter(([name]) => !LEFT_OUT.has(name));
    const own: [string, string][] = [
      [PropertyName.RETRY_TOPIC, this.names.wrap(message.topic)],
      [
        PropertyName.ORIGIN_MESSAGE_ID,
        message.properties.get(PropertyName.ORIGIN_MESSAGE_ID) ?? message.offsetMessageId,
      ],
      [PropertyName.RECONSUME_TIME, String(times)],
      [PropertyName.MAX_RECONSUME_TIMES, String(this.maxReconsumeTimes)],
      ...(dead ? [] : [[PropertyName.DELAY, String(delay)] as [string, string]]),
    ];
    const copy = toWire({ topic: retryTopic(this.group), body: message.body }, this.clock, {
      more: [...kept, ...own],
    });
    await this.delivery.send(
      { ...copy, reconsumeTimes: times, maxReconsumeTimes: this.maxReconsumeTimes },
      { group: INNER_PRODUCER, retries: 2, timeoutMs: TIMEOUT_MS, repeatUnanswered: true, isUnseen: true },
    );
  }
}
