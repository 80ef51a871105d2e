import type { Clock, Log } from '@halfmq/remoting';
import type { ClientOptions } from './client-options.js';
import type { ClientParts } from './client-parts.js';
import type { ClientHook, HandOut } from './hook.js';
import { Hooks } from './hooks.js';
import type { Stored, SendHow } from './producer/delivery.js';
import { toWire, type WireMessage } from './producer/outgoing.js';
import type { Namespace } from './namespace.js';
import { MessageTrace } from './trace/message-trace.js';
import { TRACE_TOPIC, TraceSender } from './trace/trace-sender.js';

/** RocketMQ's prefix; its producers have one each, here they share the client's. */
const TRACE_GROUP = '_INNER_TRACE_PRODUCER-HALFMQ';
const TRACE_TIMEOUT_MS = 5_000;

type Deliver = (message: WireMessage, how: SendHow) => Promise<Stored>;

/** A client's hooks and its message trace, as its options say. */
export class Instruments {
  readonly parts: Pick<ClientParts, 'hooks' | 'handOut'>;
  private readonly traces: TraceSender | undefined;

  constructor(
    { hooks = [], trace, handOut }: ClientOptions,
    names: Namespace,
    clock: Clock,
    log: Log,
    deliver: Deliver,
  ) {
    this.traces = trace
      ? new TraceSender(clock, log, topicOf(trace), (message) =>
          deliver(toWire(message, clock), {
            group: TRACE_GROUP,
            retries: 2,
            timeoutMs: TRACE_TIMEOUT_MS,
            repeatUnanswered: true,
            isUnseen: true,
          }),
        )
      : undefined;
    const all: ClientHook[] = this.traces ? [...hooks, new MessageTrace(clock, this.traces)] : [...hooks];
    const around = all.length > 0 ? new Hooks(all, names) : undefined;
    const straight: HandOut = handOut ?? ((_delivery, handle) => handle());
    this.parts = {
      hooks: around,
      handOut: around
        ? (delivery, handle) => straight(delivery, () => around.consume(delivery, handle))
        : straight,
    };
  }

  /** Sends the traces that wait. */
  async close(): Promise<void> {
    await this.traces?.close();
  }
}

function topicOf(trace: NonNullable<ClientOptions['trace']>): string {
  return (typeof trace === 'object' ? trace.topic : undefined) ?? TRACE_TOPIC;
}
