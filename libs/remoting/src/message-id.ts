import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { readLong, writeLong } from './bytes.js';
import type { Clock } from './clock.js';
import { parseHost, type Host } from './host.js';

/**
 * Offset message id: upper-case hex of the store host's address, its port (int32) and the physical offset (int64); 32
 * characters with IPv4, 56 with IPv6. Clients decode it and connect to that address.
 */
export function encodeOffsetMessageId(storeHost: Host, physicalOffset: number): string {
  const length = storeHost.address.length;
  const id = Buffer.allocUnsafe(length + 12);
  storeHost.address.copy(id);
  id.writeInt32BE(storeHost.port, length);
  writeLong(id, length + 4, physicalOffset);
  return id.toString('hex').toUpperCase();
}

/** The inverse; undefined when the text is no such id (a unique key, for example, may look like one). */
export function decodeOffsetMessageId(id: string): { storeHost: Host; physicalOffset: number } | undefined {
  if ((id.length !== 32 && id.length !== 56) || !/^[0-9a-fA-F]+$/.test(id)) return undefined;
  const bytes = Buffer.from(id, 'hex');
  const length = bytes.length - 12;
  const port = bytes.readInt32BE(length);
  const physicalOffset = readLong(bytes, length + 4);
  if (port < 0 || port > 65535 || physicalOffset < 0 || !Number.isSafeInteger(physicalOffset))
    return undefined;
  return { storeHost: { address: bytes.subarray(0, length), port }, physicalOffset };
}

/*
 * Unique key, the message id users see: upper-case hex of
 *   client IP 4 (16) · process id 2 · class-loader hash 4 · ms since the 1st of this month 00:00 local 4 · counter 2
 * The "class-loader hash" is any number stable enough: here the high part of one 48-bit counter that began at a
 * random place, so that ids stay different even when the clock stands still for more than 65,536 of them.
 */
let prefix: string | undefined;
let high = randomBytes(4).readUInt32BE();
let low = randomBytes(2).readUInt16BE();
let monthEndsAt = -Infinity;
let monthBegan = Infinity;

/** A new UNIQ_KEY: 32 upper-case hex characters (56 on a machine with IPv6 alone). */
export function createUniqueKey(clock: Clock): string {
  prefix ??= localAddress().toString('hex').toUpperCase() + hex(process.pid & 0xffff, 4);
  const now = clock.now();
  if (now >= monthEndsAt || now < monthBegan) findMonth(now);
  low = (low + 1) & 0xffff;
  if (low === 0) high = (high + 1) >>> 0;
  return prefix + hex(high, 8) + hex((now - monthBegan) >>> 0, 8) + hex(low, 4);
}

function findMonth(now: number): void {
  const date = new Date(now);
  monthBegan = new Date(date.getFullYear(), date.getMonth(), 1).getTime();
  monthEndsAt = new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime();
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/** The first address of this machine that others can reach, IPv4 before IPv6; 127.0.0.1 when there is none. */
function localAddress(): Buffer {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter((one) => !one.internal && !one.address.startsWith('fe80'));
  const chosen = outside.find((one) => one.family === 'IPv4') ?? outside[0];
  return parseHost(chosen ? `[${chosen.address}]:0` : '127.0.0.1:0').address;
}
