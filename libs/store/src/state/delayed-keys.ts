import { readLong, writeLong } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type { DelayedMessage } from '../message-store.js';

/* Delayed messages in the state environment: keys in the order of their time, and how many there are. */

export function keyOf({ deliverAt, physicalOffset }: DelayedMessage): Buffer {
  return longKey('d', deliverAt, physicalOffset);
}

export function messageOf(key: Buffer): DelayedMessage {
  return { deliverAt: readLong(key, 1), physicalOffset: readLong(key, 9) };
}

export function isAfter(message: DelayedMessage, other: DelayedMessage): boolean {
  if (message.deliverAt !== other.deliverAt) return message.deliverAt > other.deliverAt;
  return message.physicalOffset > other.physicalOffset;
}

export function countOf(count: number): Buffer {
  const value = Buffer.alloc(8);
  writeLong(value, 0, count);
  return value;
}
