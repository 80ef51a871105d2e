import type { SendOptions } from '../topic.js';

/**
 * What `emit` and `send` are given where a message is to have more than data: `emit('order.placed', new
 * HalfmqRecord(order, { keys: [order.id], delay: '15m' }))`.
 */
export class HalfmqRecord<T = unknown> {
  constructor(
    readonly data: T,
    readonly options: SendOptions,
  ) {}
}
