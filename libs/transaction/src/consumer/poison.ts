import type { AnyConsumerOptions, OnPoison } from './consumer-options.js';

export interface PoisonPolicy {
  readonly onPoison: OnPoison;
  /** retries before a message is poison */
  readonly maxReconsumeTimes: number;
}

const MAX_RECONSUME_TIMES = 16;
/** int32 on the wire, and one more must fit when a copy is sent to the dead-letter topic. */
const WITHOUT_END = 0x7fff_fffe;

/** In order, RocketMQ's default: what nobody has limited is tried for ever. */
export function poisonPolicy({ order, maxReconsumeTimes, onPoison }: AnyConsumerOptions): PoisonPolicy {
  const suspends = order !== undefined && maxReconsumeTimes === undefined;
  const chosen = onPoison ?? (suspends ? 'suspend' : 'deadLetter');
  if (chosen === 'suspend') return { onPoison: chosen, maxReconsumeTimes: WITHOUT_END };
  return { onPoison: chosen, maxReconsumeTimes: maxReconsumeTimes ?? MAX_RECONSUME_TIMES };
}
