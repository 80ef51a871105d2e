import { createUniqueKey, PropertyName, type Clock } from '@halfmq/remoting';
import { HandlerTimedOut, PauseGroup, RetryIn, DeadLetter, Skip } from '../errors.js';
import type { ClientHook, Ending, HandedOut, Recalling, Sending, Sent } from '../hook.js';
import type { ReceivedMessage } from '../message.js';
import {
  afterHandling,
  beforeHandling,
  ContextCode,
  endedTransaction,
  MessageType,
  published,
  recalled,
  type TraceRecord,
} from './trace-record.js';
import type { TraceSender } from './trace-sender.js';

/** Of what a broker does not say it about. */
const DEFAULT_REGION = 'DefaultRegion';
/** An ordered one is a normal one to RocketMQ's clients. */
const TYPES = {
  normal: MessageType.normal,
  ordered: MessageType.normal,
  delayed: MessageType.delayed,
  half: MessageType.half,
} as const;

/**
 * RocketMQ's message trace: who sent a message when and where to, who handled it and how that went, what was decided of
 * its transaction. As there, a send that failed leaves none, and neither does what a broker with `traceOn=false` stored.
 */
export class MessageTrace implements ClientHook {
  constructor(
    private readonly clock: Clock,
    private readonly sender: TraceSender,
  ) {}

  async send(sending: Sending, proceed: () => Promise<Sent | undefined>): Promise<Sent | undefined> {
    const at = this.clock.now();
    const sent = await proceed();
    if (sent?.regionId === undefined || !sent.isTraced) return sent;
    const { group, topic, messages } = sending;
    const common = { at, group, topic, regionId: sent.regionId, storeHost: sent.address };
    const costMs = Math.round((this.clock.now() - at) / messages.length);
    messages.forEach((message, index) => {
      const { messageId, tag, keys, bodyBytes } = message;
      const offsetMessageId = sent.offsetMessageIds[index];
      const [type, success] = [TYPES[message.type], sent.status === 'stored'];
      const own = { messageId, tag, keys, bodyBytes, offsetMessageId, type, success };
      this.sender.add(published({ ...common, costMs, ...own }));
    });
    return sent;
  }

  async consume({ group, message, others }: HandedOut, handle: () => Promise<void>): Promise<void> {
    const at = this.clock.now();
    const requestId = createUniqueKey(this.clock);
    const traced = [message, ...others].filter((one) => isTraced(one));
    for (const one of traced) this.sender.add(before(one, { at, group, requestId }));
    const done = (code: (typeof ContextCode)[keyof typeof ContextCode]): void => {
      const now = this.clock.now();
      const costMs = Math.round((now - at) / (1 + others.length));
      const how = { at: now, group, requestId, costMs, code };
      for (const { topic, messageId, keys } of traced)
        this.sender.add(afterHandling({ ...how, topic, messageId, keys }));
    };
    try {
      await handle();
      done(ContextCode.success);
    } catch (error) {
      done(codeOf(error));
      throw error;
    }
  }

  /** As in RocketMQ whatever the broker says to it: told is what was decided here. */
  async endTransaction(ending: Ending, proceed: () => Promise<void>): Promise<void> {
    this.sender.add(endedTransaction({ ...ending, at: this.clock.now(), regionId: DEFAULT_REGION }));
    await proceed();
  }

  async recall(recalling: Recalling, proceed: () => Promise<string>): Promise<string> {
    const told = (success: boolean): TraceRecord =>
      recalled({ ...recalling, at: this.clock.now(), regionId: DEFAULT_REGION, success });
    try {
      const messageId = await proceed();
      this.sender.add(told(true));
      return messageId;
    } catch (error) {
      this.sender.add(told(false));
      throw error;
    }
  }
}

function isTraced({ properties }: ReceivedMessage): boolean {
  return properties.has(PropertyName.MSG_REGION) && properties.get(PropertyName.TRACE_ON) !== 'false';
}

function before(
  { topic, messageId, keys, reconsumeTimes: retries, properties }: ReceivedMessage,
  how: { at: number; group: string; requestId: string },
): TraceRecord {
  const regionId = properties.get(PropertyName.MSG_REGION) ?? DEFAULT_REGION;
  return beforeHandling({ ...how, topic, messageId, keys, retries, regionId });
}

function codeOf(error: unknown): (typeof ContextCode)[keyof typeof ContextCode] {
  if (error instanceof Skip) return ContextCode.success;
  if (error instanceof HandlerTimedOut) return ContextCode.timeout;
  const asked = [RetryIn, PauseGroup, DeadLetter].some((type) => error instanceof type);
  return asked ? ContextCode.failed : ContextCode.exception;
}
