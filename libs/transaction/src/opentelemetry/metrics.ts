import {
  metrics,
  type Attributes,
  type Counter,
  type Histogram,
  type Meter,
  type MeterProvider,
} from '@opentelemetry/api';
import { systemClock } from '@halfmq/remoting';
import type { ClientHook, Ending, HandedOut, Recalling, Sending, Sent } from '../hook.js';
import { errorType, operation, serverAttributes } from './attributes.js';

const NAME = '@halfmq/transaction';
/** The conventions' own, in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Instruments {
  readonly sent: Counter;
  readonly consumed: Counter;
  readonly operations: Histogram;
  readonly processing: Histogram;
}

/**
 * OpenTelemetry's conventions for messaging clients: how many messages were sent and delivered, how long sends, verdicts and
 * handlers took. Attributes are names of few values: topics, groups, brokers, classes of errors.
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 */
export class Metrics implements Required<ClientHook> {
  private made: { readonly by: MeterProvider; readonly instruments: Instruments } | undefined;

  constructor(private readonly provider: MeterProvider | undefined) {}

  async send(sending: Sending, proceed: () => Promise<Sent | undefined>): Promise<Sent | undefined> {
    const { sent, operations } = this.instruments;
    const attributes = operation('send', sending.topic);
    const told = (seconds: number, more: Attributes): void => {
      sent.add(sending.messages.length, countable({ ...attributes, ...more }));
      operations.record(seconds, { ...attributes, ...more });
    };
    return timed(proceed, told, (done) => (done ? serverAttributes(done.address) : {}));
  }

  async consume({ group, message, others }: HandedOut, handle: () => Promise<void>): Promise<void> {
    const { consumed, processing } = this.instruments;
    const attributes = { ...operation('process', message.topic), 'messaging.consumer.group.name': group };
    consumed.add(1 + others.length, countable(attributes));
    await timed(handle, (seconds, more) => processing.record(seconds, { ...attributes, ...more }));
  }

  endTransaction({ topic, state, address }: Ending, proceed: () => Promise<void>): Promise<void> {
    const { operations } = this.instruments;
    const attributes = { ...operation('settle', topic, state), ...serverAttributes(address) };
    return timed(proceed, (seconds, more) => operations.record(seconds, { ...attributes, ...more }));
  }

  recall({ topic }: Recalling, proceed: () => Promise<string>): Promise<string> {
    const { operations } = this.instruments;
    const attributes = operation('settle', topic, 'recall');
    return timed(proceed, (seconds, more) => operations.record(seconds, { ...attributes, ...more }));
  }

  /** Of the provider there is now: the global one gives nothing away before the application has set it. */
  private get instruments(): Instruments {
    const by = this.provider ?? metrics.getMeterProvider();
    if (this.made?.by !== by) this.made = { by, instruments: instrumentsOf(by.getMeter(NAME)) };
    return this.made.instruments;
  }
}

function instrumentsOf(meter: Meter): Instruments {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } };
  return {
    sent: meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Messages a producer attempted to send to a broker.',
    }),
    consumed: meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Messages that were delivered to a handler.',
    }),
    operations: meter.createHistogram('messaging.client.operation.duration', {
      ...seconds,
      description: 'Duration of sends, verdicts and recalls.',
    }),
    processing: meter.createHistogram('messaging.process.duration', {
      ...seconds,
      description: 'Duration of one call of a handler.',
    }),
  };
}

/** The conventions' counters have the operation's name, not its type. */
function countable({ 'messaging.operation.type': _type, ...attributes }: Attributes): Attributes {
  return attributes;
}

/** @param told how long it took, and what its outcome adds to the attributes */
async function timed<T>(
  act: () => Promise<T>,
  told: (seconds: number, more: Attributes) => void,
  done: (result: T) => Attributes = () => ({}),
): Promise<T> {
  const begun = systemClock.monotonic();
  const seconds = (): number => (systemClock.monotonic() - begun) / 1_000;
  try {
    const result = await act();
    told(seconds(), done(result));
    return result;
  } catch (error) {
    told(seconds(), { 'error.type': errorType(error) });
    throw error;
  }
}
