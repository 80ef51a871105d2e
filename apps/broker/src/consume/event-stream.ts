import type { Cancel, Clock } from '@halfmq/remoting';
import type { ServerResponse } from 'node:http';
import { shown } from '../produce/shown-message.js';
import type { ReadMessage, TopicReader } from './topic-reader.js';

/** Read at a time; more is read when they were taken. */
const MOST_MESSAGES = 32;
/** Proxies close what is silent, and a reader that is gone is found out. */
const HEARTBEAT_MS = 15_000;
/** A reader that has taken nothing for so long is let go: it goes on where it was with Last-Event-ID. */
const PATIENCE_MS = 30_000;
const COMMENT = ': \n\n';

/**
 * A topic's messages as server-sent events. What a slow reader has not taken is read when it takes it: nothing is kept for
 * it but what its socket holds.
 *
 *   reading ── written, and taken ──▶ reading        waiting ── a message arrives ──▶ reading
 *           ── nothing more ─────────▶ waiting        full ── drained ──▶ reading ── not within 30 s ──▶ closed
 *           ── the socket is full ───▶ full
 */
export class EventStream {
  private state: 'reading' | 'waiting' | 'full' | 'closed' = 'waiting';
  private cancelPatience: Cancel = () => undefined;
  private cancelHeartbeat: Cancel = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly reader: TopicReader,
    private readonly response: ServerResponse,
    /** called once */
    private readonly closed: () => void,
  ) {}

  open(): void {
    const { response } = this;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.on('drain', () => this.drained());
    response.on('close', () => this.close());
    response.on('error', () => this.close());
    // so that whoever is cut off before the first message misses none
    this.write(`id: ${this.reader.next}\n: ${this.reader.topic}\n\n`);
    this.beat();
    this.arrived();
  }

  /** Something was stored in the topic. */
  arrived(): void {
    if (this.state === 'waiting') this.go();
  }

  /** The topic is gone, or the broker stops. */
  end(): void {
    this.response.end();
    this.close();
  }

  private go(): void {
    this.state = 'reading';
    setImmediate(() => this.read());
  }

  private read(): void {
    if (this.state !== 'reading') return;
    const before = this.reader.next;
    const messages = this.reader.read(MOST_MESSAGES);
    if (messages.length > 0 && !this.write(messages.map(eventOf).join(''))) return this.full();
    if (this.reader.isBehind && this.reader.next !== before) this.go();
    else this.state = 'waiting';
  }

  private full(): void {
    this.state = 'full';
    this.cancelPatience = this.clock.after(PATIENCE_MS, () => this.response.destroy());
  }

  private drained(): void {
    if (this.state !== 'full') return;
    this.cancelPatience();
    this.go();
  }

  private beat(): void {
    const upkeep = true;
    this.cancelHeartbeat = this.clock.after(
      HEARTBEAT_MS,
      () => {
        if (this.state !== 'full') this.write(COMMENT);
        this.beat();
      },
      upkeep,
    );
  }

  private write(text: string): boolean {
    return this.response.write(text);
  }

  private close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.cancelPatience();
    this.cancelHeartbeat();
    this.closed();
  }
}

/** JSON has no line ends: one line of data is the whole message. */
function eventOf({ record, next }: ReadMessage): string {
  return `id: ${next}\nevent: message\ndata: ${JSON.stringify(shown(record))}\n\n`;
}
