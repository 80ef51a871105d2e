import { isIPv4, isIPv6 } from 'node:net';

/** An address as records and message ids hold it: 4 or 16 bytes and a port. */
export interface Host {
  readonly address: Buffer;
  readonly port: number;
}

/**
 * `1.2.3.4:10911` or `[::1]:10911` (an IPv6 zone is ignored, an IPv4-mapped one becomes IPv4).
 * @throws Error naming the text when it is no such address
 */
export function parseHost(text: string): Host {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  const ip = text.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, '');
  if (colon < 0 || text.length === colon + 1 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`address expected as ip:port, got ${JSON.stringify(text)}`);
  }
  return { address: parseIp(ip, text), port };
}

/** The inverse of parseHost; IPv6 in its shortest form. */
export function formatHost(host: Host): string {
  const { address, port } = host;
  return address.length === 4 ? `${address.join('.')}:${port}` : `[${formatIpv6(address)}]:${port}`;
}

function parseIp(ip: string, text: string): Buffer {
  const bare = ip.replace(/%.*$/, '');
  if (isIPv4(bare)) return parseIpv4(bare);
  if (!isIPv6(bare)) throw new Error(`address expected as ip:port, got ${JSON.stringify(text)}`);
  const bytes = parseIpv6(bare);
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** With memory of its own: an address lives as long as its connection, and would keep 8 KiB of the shared pool. */
function parseIpv4(ip: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.set(ip.split('.').map(Number));
  return bytes;
}

/** ::ffff:a.b.c.d is how a dual-stack socket reports an IPv4 peer. */
function isMapped(bytes: Buffer): boolean {
  return bytes.readUInt16BE(10) === 0xffff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

function parseIpv6(ip: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const hex = dotted ? `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}` : ip;
  const [head = '', tail] = hex.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const bytes = Buffer.alloc(16);
  front.forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  back.forEach((group, index) => bytes.writeUInt16BE(group, 16 - (back.length - index) * 2));
  return bytes;
}

function pair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
}

/** The longest row of zero groups (two or more) becomes `::`. */
function formatIpv6(address: Buffer): string {
  const all = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2));
  let start = -1;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && all[to] === 0) to++;
    if (to - from > length) {
      start = from;
      length = to - from;
    }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return start < 0 ? text(all) : `${text(all.slice(0, start))}::${text(all.slice(start + length))}`;
}

/** A socket whose other side is gone already has no address. */
export function hostOf(address: string | undefined, port: number | undefined): Host {
  return parseHost(`[${address ?? '0.0.0.0'}]:${port ?? 0}`);
}
