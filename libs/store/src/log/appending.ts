import type { Clock, Host } from '@halfmq/remoting/record';
import {
  StoreError,
  type BatchPlaces,
  type NewMessage,
  type Place,
  type PlainBatch,
  type PlainFinal,
  type PlainMessage,
} from '../message-store.js';
import type { Group } from './group.js';
import type { LogEnd } from './log-end.js';
import { Placement } from './placement.js';
import type { Queues } from './queues.js';
import type { Tail, TailBlock } from './tail.js';

export interface AppendingParts {
  readonly clock: Clock;
  /** groups are held while a sync runs */
  readonly sync: boolean;
  readonly storeHost: Host;
  readonly queues: Queues;
  readonly tail: Tail;
}

/** What there was before an append. */
interface Before {
  readonly end: number;
  /** record bytes of the block it goes into */
  readonly length: number;
  /** queues begun by the group */
  readonly begun: number;
}

/**
 * Places what is appended in the group under construction, all of an append or nothing. One block holds a whole append,
 * so that a cut log never ends within one.
 */
export class Appending {
  /** physical offset after everything placed */
  end: number;
  /** of the record placed last: it never goes back */
  storeTimestamp: number;
  private readonly placement: Placement;
  /** the group the clock was last read for */
  private timed: Group | undefined;

  constructor(
    private readonly parts: AppendingParts,
    { physicalOffset, storeTimestamp }: LogEnd,
  ) {
    this.end = physicalOffset;
    this.storeTimestamp = storeTimestamp;
    this.placement = new Placement(parts.storeHost);
  }

  /** @throws StoreError illegal */
  all(
    group: Group,
    messages: readonly NewMessage[],
    tagSlots?: readonly (number | undefined)[],
  ): readonly Place[] {
    const lengths = messages.map((message) => this.placement.length(message));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const block = this.blockFor(group, total);
    const before = this.before(group, block);
    const places: Place[] = [];
    try {
      for (const message of messages) {
        const queue = group.queue(this.parts.queues, message.topic, message.queueId);
        const length = lengths[places.length] ?? 0;
        const slot = tagSlots?.[places.length];
        places.push(this.placement.place(message, queue, block, length, this.storeTimestamp, slot));
      }
    } catch (cause) {
      throw this.takenBack(group, messages.slice(0, places.length), before, cause);
    }
    this.end = block.physicalOffset + block.length;
    return places;
  }

  /** @throws StoreError illegal */
  plain(group: Group, message: PlainMessage): Place {
    const length = this.placement.plainLength(message);
    const block = this.blockFor(group, length);
    const before = this.before(group, block);
    try {
      const queue = group.queue(this.parts.queues, message.topic, message.queueId);
      const place = this.placement.placePlain(message, queue, block, length, this.storeTimestamp);
      this.end = block.physicalOffset + block.length;
      return place;
    } catch (cause) {
      throw this.takenBack(group, [], before, cause);
    }
  }

  /** @throws StoreError illegal */
  batch(group: Group, batch: PlainBatch): BatchPlaces {
    let message = batch.first();
    const { topic, queueId } = message;
    const fixed = this.placement.plainLength(message) - message.body.length - message.propertyLength;
    const block = this.blockFor(group, batch.count * fixed + batch.bytes);
    const before = this.before(group, block);
    const physicalOffsets: number[] = [];
    try {
      const queue = group.queue(this.parts.queues, topic, queueId);
      const { nextOffset: queueOffset } = queue;
      for (;;) {
        const length = fixed + message.body.length + message.propertyLength;
        const place = this.placement.placePlain(message, queue, block, length, this.storeTimestamp);
        physicalOffsets.push(place.physicalOffset);
        if (physicalOffsets.length === batch.count) break;
        message = batch.next();
      }
      this.end = block.physicalOffset + block.length;
      return { queueOffset, physicalOffsets };
    } catch (cause) {
      const placed = physicalOffsets.map(() => ({ topic, queueId }));
      throw this.takenBack(group, placed, before, cause);
    }
  }

  /** The final message, if there is one, and the verdict behind it. @throws StoreError illegal */
  decision(group: Group, final: PlainFinal | undefined, verdict: PlainMessage): void {
    const { placement, parts } = this;
    const finalLength = final ? placement.finalLength(final) : 0;
    const length = placement.plainLength(verdict);
    const block = this.blockFor(group, finalLength + length);
    const before = this.before(group, block);
    try {
      if (final) {
        const queue = group.queue(parts.queues, final.topic, final.queueId);
        placement.placeFinal(final, queue, block, finalLength, this.storeTimestamp);
      }
      const queue = group.queue(parts.queues, verdict.topic, verdict.queueId);
      placement.placePlain(verdict, queue, block, length, this.storeTimestamp);
      this.end = block.physicalOffset + block.length;
    } catch (cause) {
      throw this.takenBack(group, final && block.length > before.length ? [final] : [], before, cause);
    }
  }

  /** Room for an append that is placed now. */
  private blockFor(group: Group, needed: number): TailBlock {
    this.readClock(group);
    const last = group.blocks.at(-1);
    if (last && last.room - last.length >= needed) return last;
    if (last) this.parts.tail.end(last);
    const block = this.parts.tail.begin(this.end, needed);
    group.blocks.push(block);
    return block;
  }

  /** Once a group: it is of one turn of the event loop, unless it is held for a sync. */
  private readClock(group: Group): void {
    if (group === this.timed && !this.parts.sync) return;
    this.timed = group;
    this.storeTimestamp = Math.max(this.storeTimestamp, this.parts.clock.now());
  }

  private before(group: Group, { length }: TailBlock): Before {
    return { end: this.end, length, begun: group.begun.length };
  }

  /** Nothing of a failed append stays, not even a queue or an empty block. @returns what its caller is told */
  private takenBack(
    group: Group,
    placed: readonly Pick<NewMessage, 'topic' | 'queueId'>[],
    { end, length, begun }: Before,
    cause: unknown,
  ): StoreError {
    const { queues, tail } = this.parts;
    for (const { topic, queueId } of placed) {
      const queue = queues.find(topic, queueId);
      queue?.takeBack(queue.nextOffset - 1);
    }
    queues.unbegin(group.begun.splice(begun));
    const empty = group.shortenLast(length);
    if (empty) tail.rewind(empty);
    this.end = end;
    return new StoreError('illegal', 'a number of the message does not fit its field', { cause });
  }
}
