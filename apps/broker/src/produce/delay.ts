import { parseProperties, formatProperties, PropertyName, StatusError, type Clock } from '@halfmq/remoting';
import type { NewMessage } from '@halfmq/store';
import { delayLevelsMs, type BrokerConfig } from '../config/resolve-config.js';
import { SystemTopic } from '../directory/topic-names.js';

/*
 * Which messages wait, where and until when. Two ways of saying it, as in RocketMQ (HookUtils.handleScheduleMessage):
 *
 *   DELAY = 1..n         a level of messageDelayLevel, higher ones count as the highest; TIMER_* beside it is dropped
 *   TIMER_DELAY_SEC      s from now, else
 *   TIMER_DELAY_MS       ms from now, else
 *   TIMER_DELIVER_MS     ms since 1970
 *
 * A waiting message lies in a system topic with its own in REAL_TOPIC and REAL_QID, and the store keeps its time in
 * TIMER_OUT_MS. A delivered one still carries its DELAY, TIMER_* and REAL_*; TIMER_OUT_MS then says that its TIMER_* were
 * obeyed, so that it does not wait again when it is copied.
 */
const NEVER_WAIT: ReadonlySet<string> = new Set([
  SystemTopic.SCHEDULE,
  SystemTopic.WHEEL_TIMER,
  SystemTopic.HALF,
]);

const TIMER_PROPERTIES = [
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELIVER_MS,
] as const;

/** A message as it is to be stored, and when to deliver it, ms since 1970. */
export interface Waiting {
  readonly message: NewMessage;
  readonly deliverAt: number;
}

export type DelaySettings = Pick<BrokerConfig, 'messageDelayLevel' | 'timerWheelEnable' | 'timerMaxDelaySec'>;

export class Delay {
  private readonly levelsMs: readonly number[];

  constructor(
    private readonly clock: Clock,
    private readonly config: DelaySettings,
  ) {
    this.levelsMs = delayLevelsMs(config.messageDelayLevel);
  }

  /**
   * What to store instead of a message that is to wait; undefined when it is to be stored as it is. Half messages
   * never wait: their delay begins when they are committed.
   * @throws StatusError MESSAGE_ILLEGAL, SYSTEM_ERROR when timer messages are switched off
   */
  of(message: NewMessage): Waiting | undefined {
    if (!mayWait(message)) return undefined;
    const properties = parseProperties(message.properties);
    const level = this.levelOf(properties);
    if (level > 0) {
      for (const name of TIMER_PROPERTIES) properties.delete(name);
      const delayMs = this.levelsMs[level - 1] ?? 0;
      return elsewhere(message, properties, SystemTopic.SCHEDULE, level - 1, this.clock.now() + delayMs);
    }
    return this.timed(message, properties);
  }

  private levelOf(properties: ReadonlyMap<string, string>): number {
    const text = properties.get(PropertyName.DELAY);
    if (text === undefined) return 0;
    return Math.min(wholeNumber(PropertyName.DELAY, text), this.levelsMs.length);
  }

  private timed(message: NewMessage, properties: Map<string, string>): Waiting | undefined {
    if (properties.has(PropertyName.TIMER_OUT_MS)) return undefined;
    const now = this.clock.now();
    const deliverAt = requestedTime(properties, now);
    if (deliverAt === undefined) return undefined;
    if (!this.config.timerWheelEnable)
      throw new StatusError(
        'SYSTEM_ERROR',
        'accurate timer message is not enabled: set timerWheelEnable=true',
      );
    if (deliverAt <= now) {
      if (properties.has(PropertyName.TIMER_DEL_UNIQKEY))
        throw illegal('the message to be recalled is due already');
      return undefined;
    }
    const longestMs = this.config.timerMaxDelaySec * 1000;
    if (deliverAt - now > longestMs)
      throw illegal(`a delay of at most ${longestMs} ms (timerMaxDelaySec) expected, got ${deliverAt - now}`);
    return elsewhere(message, properties, SystemTopic.WHEEL_TIMER, 0, deliverAt);
  }
}

/** The same of one that the broker itself lets wait, whatever is set. */
export function waitingUntil(deliverAt: number, message: NewMessage): Waiting {
  return elsewhere(message, parseProperties(message.properties), SystemTopic.WHEEL_TIMER, 0, deliverAt);
}

/** The slot of RocketMQ's wheel. It is what the wire shows; here messages go out at the time asked for. */
export function timerSlot(deliverAt: number, precisionMs: number): number {
  const into = deliverAt % precisionMs;
  return deliverAt - (into === 0 ? precisionMs : into);
}

function mayWait(message: NewMessage): boolean {
  if (NEVER_WAIT.has(message.topic)) return false;
  // a quick no for nearly all messages: neither DELAY nor TIMER_* can be there without these letters
  return message.properties.includes(PropertyName.DELAY) || message.properties.includes('TIMER_');
}

function requestedTime(properties: ReadonlyMap<string, string>, now: number): number | undefined {
  const seconds = properties.get(PropertyName.TIMER_DELAY_SEC);
  if (seconds !== undefined) return now + wholeNumber(PropertyName.TIMER_DELAY_SEC, seconds) * 1000;
  const millis = properties.get(PropertyName.TIMER_DELAY_MS);
  if (millis !== undefined) return now + wholeNumber(PropertyName.TIMER_DELAY_MS, millis);
  const at = properties.get(PropertyName.TIMER_DELIVER_MS);
  return at === undefined ? undefined : wholeNumber(PropertyName.TIMER_DELIVER_MS, at);
}

function wholeNumber(property: string, text: string): number {
  if (!/^[+-]?\d{1,19}$/.test(text))
    throw illegal(`${property} expected a whole number, got ${JSON.stringify(text.slice(0, 64))}`);
  return Number(text);
}

function illegal(detail: string): StatusError {
  return new StatusError('MESSAGE_ILLEGAL', `timer message illegal: ${detail}`);
}

function elsewhere(
  message: NewMessage,
  properties: Map<string, string>,
  topic: string,
  queueId: number,
  deliverAt: number,
): Waiting {
  properties.set(PropertyName.REAL_TOPIC, message.topic);
  properties.set(PropertyName.REAL_QID, String(message.queueId));
  return { message: { ...message, topic, queueId, properties: formatProperties(properties) }, deliverAt };
}
