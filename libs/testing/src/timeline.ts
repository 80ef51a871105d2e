import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { groupOfRetryTopic, SystemTopic, type HalfMessage, type MessageStore } from '@halfmq/broker';
import {
  decodeOffsetMessageId,
  parseProperties,
  PropertyName,
  type Clock,
  type MessageRecord,
} from '@halfmq/remoting';
import type { ReceivedMessage } from '@halfmq/transaction';
import type { Hostility } from './hostility.js';
import { recordsOf } from './message.js';

const DEAD_LETTERS = '%DLQ%';
const WAITING: ReadonlySet<string> = new Set([SystemTopic.SCHEDULE, SystemTopic.WHEEL_TIMER]);
const HANDLED = 'halfmq:transaction:handled';
const ASKED = 'halfmq:broker:asked';

/** One thing that happened. */
export interface TimelineEntry {
  /** ms since the broker was started, by its own clock */
  readonly at: number;
  readonly what:
    | 'sent'
    | 'half'
    | 'check'
    | 'commit'
    | 'rollback'
    | 'parked'
    | 'waits'
    | 'handled'
    | 'failed'
    | 'again'
    | 'dead letter';
  readonly topic: string;
  /** the message's keys, else its id */
  readonly message: string;
  readonly more: string;
}

/** Writes down what happens at a broker and in the handlers of clients in this process, in order. */
export class Timeline {
  readonly entries: TimelineEntry[] = [];
  private readonly begunAt: number;
  /** half messages without a verdict, by half-queue offset */
  private readonly undecided = new Map<number, MessageRecord>();
  private readonly stopListening: () => void;

  constructor(
    private readonly clock: Clock,
    private readonly store: MessageStore,
    private readonly port: number,
    private readonly hostility: Hostility,
  ) {
    this.begunAt = clock.now();
    this.stopListening = store.onArrival(({ topic, queueId, from, maxOffset }) => {
      if (topic === SystemTopic.STATE) return;
      if (topic === SystemTopic.OP_HALF) return this.decided();
      for (const record of recordsOf(store, { topic, queueId }, from, maxOffset)) this.stored(record);
    });
    subscribe(HANDLED, this.handled);
    subscribe(ASKED, this.asked);
  }

  stop(): void {
    this.stopListening();
    unsubscribe(HANDLED, this.handled);
    unsubscribe(ASKED, this.asked);
  }

  toString(): string {
    const line = ({ at, what, topic, message, more }: TimelineEntry): string =>
      `${time(at)}  ${what.padEnd(11)}  ${topic} ${message}${more && `  ${more}`}`;
    return this.entries.map(line).join('\n');
  }

  private stored(record: MessageRecord): void {
    const properties = parseProperties(record.properties);
    const { topic, reconsumeTimes } = record;
    const origin =
      properties.get(PropertyName.RETRY_TOPIC) ?? properties.get(PropertyName.REAL_TOPIC) ?? topic;
    const add = (what: TimelineEntry['what'], more = '', about = origin): void =>
      this.add(what, about, nameOf(properties), more);
    const group = groupOfRetryTopic(topic);
    if (topic === SystemTopic.HALF) {
      this.undecided.set(record.queueOffset, record);
      add('half', `group ${properties.get(PropertyName.PGROUP) ?? ''}`);
    } else if (topic === SystemTopic.PARKED) add('parked', 'asked no more, still undecided');
    else if (WAITING.has(topic)) add('waits');
    else if (group !== undefined) add('again', `group ${group}, retry ${reconsumeTimes}`);
    else if (topic.startsWith(DEAD_LETTERS)) {
      add('dead letter', `group ${topic.slice(DEAD_LETTERS.length)}`);
    } else add('sent', '', topic);
  }

  private decided(): void {
    for (const [halfOffset, record] of this.undecided) {
      const verdict = this.store.halves.find(halfOffset)?.verdict;
      if (!verdict) continue;
      this.undecided.delete(halfOffset);
      const properties = parseProperties(record.properties);
      const topic = properties.get(PropertyName.REAL_TOPIC) ?? '';
      this.add(verdict.kind, topic, nameOf(properties), `by ${verdict.by}`);
    }
  }

  private readonly asked = (message: unknown): void => {
    const { store, half } = message as { store: unknown; half: HalfMessage };
    if (store !== this.store) return;
    const record = this.undecided.get(half.halfOffset);
    const name = record ? nameOf(parseProperties(record.properties)) : half.uniqueKey;
    this.add('check', half.topic, name, `number ${half.checks + 1}, group ${half.producerGroup}`);
  };

  private readonly handled = (published: unknown): void => {
    const { group, message, error } = published as {
      group: string;
      message: ReceivedMessage;
      error: unknown;
    };
    // a store that was taken over holds messages with the address of its former broker
    const here = this.hostility.handedOut(message);
    if (!here && decodeOffsetMessageId(message.offsetMessageId)?.storeHost.port !== this.port) return;
    const why = error instanceof Error ? `: ${error.message}` : '';
    const twice = this.hostility.wasRepeated(message) ? ', delivered twice' : '';
    this.add(
      error === undefined ? 'handled' : 'failed',
      message.topic,
      nameOf(message.properties),
      `group ${group}${twice}${why}`,
    );
  };

  private add(what: TimelineEntry['what'], topic: string, message: string, more: string): void {
    this.entries.push({ at: this.clock.now() - this.begunAt, what, topic, message, more });
  }
}

function nameOf(properties: ReadonlyMap<string, string>): string {
  return properties.get(PropertyName.KEYS) ?? properties.get(PropertyName.UNIQ_KEY) ?? '';
}

/** 12345678 → `3:25:45.678` */
function time(ms: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const rest = String(ms % 1_000).padStart(3, '0');
  return `${Math.floor(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${rest}`;
}
