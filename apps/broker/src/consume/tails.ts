import { StatusError, type Clock } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { ServerResponse } from 'node:http';
import type { Topics } from '../directory/topics.js';
import { EventStream } from './event-stream.js';
import type { TopicReader } from './topic-reader.js';

/** Each holds a connection, and looks at every commit of its topic. */
const MOST_TAILS = 256;

/** Who watches which topics as they grow. Without anybody, the store's commits pass it by. */
export class Tails {
  private readonly streams = new Map<string, Set<EventStream>>();
  private stopListening: () => void = () => undefined;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'onArrival'>,
    private readonly topics: Pick<Topics, 'onChange' | 'find'>,
  ) {}

  /** @throws StatusError POLLING_FULL */
  begin(reader: TopicReader, response: ServerResponse): void {
    if (this.count >= MOST_TAILS)
      throw new StatusError('POLLING_FULL', `${MOST_TAILS} readers watch topics already`);
    const { topic } = reader;
    const ofTopic = this.streams.get(topic) ?? new Set<EventStream>();
    this.streams.set(topic, ofTopic);
    const stream = new EventStream(this.clock, reader, response, () => this.ended(topic, stream));
    ofTopic.add(stream);
    if (this.count++ === 0) this.listen();
    stream.open();
  }

  /** Nest calls it when the door closes, which waits for what is answered still. */
  onModuleDestroy(): void {
    for (const streams of this.streams.values()) for (const stream of streams) stream.end();
  }

  private listen(): void {
    const stops = [
      this.store.onArrival(({ topic }) => {
        for (const stream of this.streams.get(topic) ?? []) stream.arrived();
      }),
      this.topics.onChange((topic) => {
        if (this.topics.find(topic)) return;
        for (const stream of this.streams.get(topic) ?? []) stream.end();
      }),
    ];
    this.stopListening = () => stops.forEach((stop) => stop());
  }

  private ended(topic: string, stream: EventStream): void {
    const ofTopic = this.streams.get(topic);
    ofTopic?.delete(stream);
    if (ofTopic?.size === 0) this.streams.delete(topic);
    if (--this.count === 0) this.stopListening();
  }
}
