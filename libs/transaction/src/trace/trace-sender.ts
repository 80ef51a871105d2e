import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { Complaints } from '../complaints.js';
import { InFlight } from '../in-flight.js';
import type { OutgoingMessage } from '../message.js';
import type { TraceRecord } from './trace-record.js';

/** RocketMQ's own topic of traces. */
export const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC';
/** RocketMQ's figures: records a message, the longest wait, characters a message, records that are not sent yet. */
const BATCH = 10;
const LONGEST_WAIT_MS = 5_000;
const MOST_CHARACTERS = 120_000;
const MOST_UNSENT = 2_048;

/**
 * Brings records to the trace topic, behind the application's back: what is traced waits for nothing here, and nothing of it
 * fails because of it. A trace that cannot be sent is lost, and told in the log.
 */
export class TraceSender {
  private waiting: TraceRecord[] = [];
  /** records that wait, or are on their way */
  private unsent = 0;
  private cancel: Cancel | undefined;
  private readonly sends = new InFlight();
  private readonly complaints: Complaints;

  constructor(
    private readonly clock: Clock,
    log: Log,
    private readonly topic: string,
    private readonly send: (message: OutgoingMessage) => Promise<unknown>,
  ) {
    this.complaints = new Complaints(log);
  }

  add(record: TraceRecord): void {
    // traces of traces would have no end
    if (record.topic === this.topic) return;
    if (this.unsent >= MOST_UNSENT) {
      this.complaints.warn('full', 'traces come faster than they can be sent: some are lost', {});
      return;
    }
    this.unsent++;
    this.waiting.push(record);
    if (this.waiting.length >= BATCH) this.flush();
    else this.cancel ??= this.clock.after(LONGEST_WAIT_MS, () => this.flush());
  }

  /** Sends what waits. */
  async close(): Promise<void> {
    this.flush();
    await this.sends.settled();
  }

  private flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    const byTopic = new Map<string, TraceRecord[]>();
    for (const record of this.waiting.splice(0)) {
      byTopic.set(record.topic, [...(byTopic.get(record.topic) ?? []), record]);
    }
    for (const records of byTopic.values()) {
      for (const part of parts(records)) void this.sends.track(this.bring(part));
    }
  }

  private async bring(records: readonly TraceRecord[]): Promise<void> {
    const keys = [...new Set(records.flatMap(({ found }) => found))];
    const body = records.map(({ text }) => text).join('');
    try {
      await this.send({ topic: this.topic, body, keys });
      this.complaints.settled('send');
      this.complaints.settled('full');
    } catch (error) {
      this.complaints.warn('send', 'traces could not be sent, and are lost', { topic: this.topic, error });
    } finally {
      this.unsent -= records.length;
    }
  }
}

/** As few messages as their size allows. */
function parts(records: readonly TraceRecord[]): TraceRecord[][] {
  const all: TraceRecord[][] = [];
  let room = 0;
  for (const record of records) {
    room -= record.text.length;
    if (room < 0 || all.length === 0) {
      all.push([]);
      room = MOST_CHARACTERS - record.text.length;
    }
    all.at(-1)?.push(record);
  }
  return all;
}
