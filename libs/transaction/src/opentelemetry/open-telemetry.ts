import {
  context,
  type Context,
  type MeterProvider,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type { ClientHook, Ending, HandedOut, Recalling, Sending, Sent } from '../hook.js';
import type { ReceivedMessage } from '../message.js';
import {
  endingAttributes,
  errorType,
  handlingAttributes,
  recallAttributes,
  sendingAttributes,
  serverAttributes,
} from './attributes.js';
import { Metrics } from './metrics.js';

const NAME = '@halfmq/transaction';

export interface OpenTelemetryOptions {
  /** the global one unless told */
  readonly tracerProvider?: TracerProvider | undefined;
  /** the global one unless told */
  readonly meterProvider?: MeterProvider | undefined;
}

/**
 * Spans by OpenTelemetry's conventions for messaging: `send <topic>` (producer), `process <topic>` (consumer, a child of the
 * send it came by; of a batch the sends are links), `settle <topic>` for verdicts and recalls (client). The context travels in the
 * messages' properties (`traceparent`, …) by the application's propagator; a half message's travels on to who handles it. Beside
 * them the conventions' metrics, see Metrics.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): ClientHook {
  const spans = new Spans((options.tracerProvider ?? trace).getTracer(NAME));
  const metrics = new Metrics(options.meterProvider);
  return {
    send: (sending, proceed) => spans.send(sending, () => metrics.send(sending, proceed)),
    consume: (delivery, handle) => spans.consume(delivery, () => metrics.consume(delivery, handle)),
    endTransaction: (ending, proceed) =>
      spans.endTransaction(ending, () => metrics.endTransaction(ending, proceed)),
    recall: (recalling, proceed) => spans.recall(recalling, () => metrics.recall(recalling, proceed)),
  };
}

class Spans implements Required<ClientHook> {
  constructor(private readonly tracer: Tracer) {}

  async send(sending: Sending, proceed: () => Promise<Sent | undefined>): Promise<Sent | undefined> {
    const span = this.tracer.startSpan(`send ${sending.topic}`, {
      kind: SpanKind.PRODUCER,
      attributes: sendingAttributes(sending),
    });
    const within = trace.setSpan(context.active(), span);
    for (const { properties } of sending.messages) {
      propagation.inject(within, properties, { set: (carrier, name, value) => carrier.set(name, value) });
    }
    return ended(span, within, async () => {
      const sent = await proceed();
      if (sent) span.setAttributes(serverAttributes(sent.address));
      return sent;
    });
  }

  async consume(delivery: HandedOut, handle: () => Promise<void>): Promise<void> {
    const { message, others } = delivery;
    const parent = others.length === 0 ? sentIn(message) : context.active();
    const links = [message, ...others].flatMap((one) => {
      const sender = trace.getSpanContext(sentIn(one));
      return sender && others.length > 0 ? [{ context: sender }] : [];
    });
    const attributes = handlingAttributes(delivery);
    const kind = SpanKind.CONSUMER;
    const span = this.tracer.startSpan(`process ${message.topic}`, { kind, attributes, links }, parent);
    return ended(span, trace.setSpan(parent, span), handle);
  }

  endTransaction(ending: Ending, proceed: () => Promise<void>): Promise<void> {
    const attributes = { ...endingAttributes(ending), ...serverAttributes(ending.address) };
    return this.settled(ending.topic, attributes, proceed);
  }

  recall(recalling: Recalling, proceed: () => Promise<string>): Promise<string> {
    return this.settled(recalling.topic, recallAttributes(recalling), proceed);
  }

  private settled<T>(
    topic: string,
    attributes: Record<string, string | number>,
    proceed: () => Promise<T>,
  ): Promise<T> {
    const span = this.tracer.startSpan(`settle ${topic}`, { kind: SpanKind.CLIENT, attributes });
    return ended(span, trace.setSpan(context.active(), span), proceed);
  }
}

function sentIn({ properties }: ReceivedMessage): Context {
  return propagation.extract(context.active(), properties, {
    get: (carrier, name) => carrier.get(name),
    keys: (carrier) => [...carrier.keys()],
  });
}

async function ended<T>(span: Span, within: Context, act: () => Promise<T>): Promise<T> {
  try {
    return await context.with(within, act);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    span.setAttribute('error.type', errorType(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    throw error;
  } finally {
    span.end();
  }
}
