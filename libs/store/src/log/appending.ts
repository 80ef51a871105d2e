import type { Clock, Host } from '@halfmq/remoting/record';
import {
  StoreError,
  type NewMessage,
  type Place,
  type PlainBatch,
  type PlainMessage,
} from '../message-store.js';
import type { Group } from './group.js';
import type { LogEnd } from './log-end.js';
import { Placement } from './placement.js';
import type { Queues } from './queues.js';
import type { Tail, TailBlock } from './tail.js';

export interface AppendingParts {
  readonly clock: Clock;
  readonly storeHost: Host;
  readonly queues: Queues;
  readonly tail: Tail;
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

  constructor(
    private readonly parts: AppendingParts,
    { physicalOffset, storeTimestamp }: LogEnd,
  ) {
    this.end = physicalOffset;
    this.storeTimestamp = storeTimestamp;
    this.placement = new Placement(parts.storeHost);
  }

  /** @throws StoreError illegal */
  all(group: Group, messages: readonly NewMessage[], tagSlot?: number): readonly Place[] {
    const lengths = messages.map((message) => this.placement.length(message));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const block = this.blockFor(group, total);
    const before = { length: block.length, begun: group.begun.length };
    const places: Place[] = [];
    try {
      for (const message of messages) {
        const queue = group.queue(this.parts.queues, message.topic, message.queueId);
        const length = lengths[places.length] ?? 0;
        places.push(this.placement.place(message, queue, block, length, this.storeTimestamp, tagSlot));
      }
    } catch (cause) {
      this.takeBack(group, messages.slice(0, places.length), before);
      throw new StoreError('illegal', 'a number of the message does not fit its field', { cause });
    }
    this.end = block.physicalOffset + block.length;
    return places;
  }

  /** @throws StoreError illegal */
  plain(group: Group, message: PlainMessage): Place {
    const length = this.placement.plainLength(message);
    return this.placePlain(group, this.blockFor(group, length), message, length);
  }

  /** @throws StoreError illegal */
  batch(group: Group, batch: PlainBatch): readonly Place[] {
    const first = batch.message(0);
    const fixed = this.placement.plainLength(first) - first.body.length - first.propertyLength;
    const block = this.blockFor(group, batch.count * fixed + batch.bytes);
    const places: Place[] = [];
    for (let index = 0; index < batch.count; index++) {
      const message = batch.message(index);
      const length = fixed + message.body.length + message.propertyLength;
      places.push(this.placePlain(group, block, message, length));
    }
    return places;
  }

  private placePlain(group: Group, block: TailBlock, message: PlainMessage, length: number): Place {
    const queue = group.queue(this.parts.queues, message.topic, message.queueId);
    const place = this.placement.placePlain(message, queue, block, length, this.storeTimestamp);
    this.end = block.physicalOffset + block.length;
    return place;
  }

  /** Room for an append that is placed now. */
  private blockFor(group: Group, needed: number): TailBlock {
    this.storeTimestamp = Math.max(this.storeTimestamp, this.parts.clock.now());
    const last = group.blocks.at(-1);
    if (last && last.room - last.length >= needed) return last;
    if (last) this.parts.tail.end(last);
    const block = this.parts.tail.begin(this.end, needed);
    group.blocks.push(block);
    return block;
  }

  private takeBack(
    group: Group,
    placed: readonly NewMessage[],
    before: { length: number; begun: number },
  ): void {
    const { queues, tail } = this.parts;
    for (const { topic, queueId } of placed) queues.find(topic, queueId)?.takeBack();
    queues.unbegin(group.begun.splice(before.begun));
    const empty = group.shortenLast(before.length);
    if (empty) tail.rewind(empty);
  }
}
