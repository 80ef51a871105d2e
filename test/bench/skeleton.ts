import { fdatasync, openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { open } from 'lmdb';

/**
 * `node test/dist/bench/skeleton.js PORT FOLDER async|sync`: the least that takes SEND_MESSAGE_V2 and keeps it, the
 * limit that the broker's figures are ratios of. It does on the bytes what no broker on this stack can leave out:
 * cuts frames, scans the JSON header for the fields of a record, packs records of RocketMQ's layout into blocks of
 * 256 KiB, commits what one turn of the event loop brought as one LMDB transaction with an index record a queue, and
 * answers from a template with one write a connection and turn. `sync` holds the next group while an fdatasync runs in
 * the thread pool, and answers after it.
 *
 * Left out, and therefore the difference: checks of any kind, topics, other requests, checksums, segments, recovery,
 * readers, back-pressure, memory of what was written, Nest.
 */

const [, , port = '0', folder = '.', mode = 'async'] = process.argv;
const BLOCK = 64 * 4096 - 24;
const ENTRY = 20;
/** Bytes of a record beside body, topic and properties; magic and hosts are the same in each. */
const FIXED = 91;
const RECORD = Buffer.alloc(FIXED);
RECORD.writeUInt32BE(0xdaa320a7, 4);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const LETTER_A = 0x61;

const path = join(folder, 'skeleton.mdb');
const log = open<Buffer, Buffer>({
  path,
  noSubdir: true,
  noSync: true,
  pageSize: 4096,
  mapSize: 32 * 1024 ** 3,
  encoding: 'binary',
  keyEncoding: 'binary',
  cache: false,
});
const descriptor = openSync(path, 'r');

/** Blocks and index records of the group under construction; LMDB copies them, so they are used again. */
const blocks: { bytes: Buffer; length: number; offset: number }[] = [];
let used = 0;
const queues = Array.from({ length: 16 }, () => ({ entries: Buffer.alloc(1 << 20), count: 0, next: 0 }));
let physicalOffset = 0;
let scheduled = false;
let syncing = false;
const waiting = new Set<Lane>();

/** Where the value of each one-letter field of the header begins and ends. */
const from = new Int32Array(26);
const to = new Int32Array(26);
let opaque = 0;

/** Keys of one letter under extFields, and `opaque`; the other members of the header are stepped over. */
function scan(source: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    if (source[at] !== QUOTE) continue;
    const name = at + 1;
    if (source[name + 1] === QUOTE && source[name + 3] === QUOTE) {
      let close = name + 4;
      while (source[close] !== QUOTE) close++;
      const letter = (source[name] ?? 0) - LETTER_A;
      from[letter] = name + 4;
      to[letter] = close;
      at = close;
    } else if (source[name] === 0x6f && source[name + 5] === 0x65 && source[name + 6] === QUOTE) {
      opaque = digits(source, name + 8, end);
      at = name + 8;
    } else {
      at = name;
      while (source[at] !== QUOTE) at++;
    }
  }
}

function digits(source: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (source[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

const field = (source: Buffer, letter: number): number => digits(source, from[letter] ?? 0, to[letter] ?? 0);

/** Properties carry their separators as \u0001 and \u0002. @returns their length */
function copyText(source: Buffer, letter: number, target: Buffer, start: number): number {
  const end = to[letter] ?? 0;
  let written = start;
  for (let at = from[letter] ?? 0; at < end; at++) {
    const byte = source[at] ?? 0;
    if (byte === BACKSLASH) {
      target[written++] = (source[at + 5] ?? 0) - ZERO;
      at += 5;
    } else target[written++] = byte;
  }
  return written - start;
}

function long(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / 4294967296), at);
  target.writeUInt32BE(value >>> 0, at + 4);
}

function blockWith(room: number): (typeof blocks)[number] {
  const last = blocks[used - 1];
  if (last && last.length + room <= BLOCK) return last;
  const block = (blocks[used] ??= { bytes: Buffer.alloc(BLOCK), length: 0, offset: 0 });
  used++;
  block.length = 0;
  block.offset = physicalOffset;
  return block;
}

/** One record, from the fields b topic, e queue, f default flag, g born, h flag, i properties. */
function place(source: Buffer, bodyFrom: number, end: number, lane: Lane): void {
  const body = end - bodyFrom;
  const block = blockWith(FIXED + body + (to[1] ?? 0) - (from[1] ?? 0) + (to[8] ?? 0) - (from[8] ?? 0));
  const { bytes, length: at } = block;
  const number = field(source, 4) & 15;
  const queue = queues[number] as (typeof queues)[number];
  RECORD.copy(bytes, at);
  bytes.writeUInt32BE(number, at + 12);
  bytes.writeUInt32BE(field(source, 7), at + 16);
  long(bytes, queue.next, at + 20);
  long(bytes, physicalOffset, at + 28);
  long(bytes, field(source, 6), at + 40);
  long(bytes, Date.now(), at + 56);
  bytes.writeUInt32BE(body, at + 84);
  source.copy(bytes, at + 88, bodyFrom, end);
  const topic = copyText(source, 1, bytes, at + 89 + body);
  bytes[at + 88 + body] = topic;
  const properties = copyText(source, 8, bytes, at + 91 + body + topic);
  bytes.writeUInt16BE(properties, at + 89 + body + topic);
  const size = FIXED + body + topic + properties;
  bytes.writeUInt32BE(size, at);
  long(queue.entries, physicalOffset, queue.count * ENTRY);
  queue.entries.writeUInt32BE(size, queue.count++ * ENTRY + 8);
  lane.answer(number, queue.next++, physicalOffset);
  block.length += size;
  physicalOffset += size;
}

function key(prefix: number, queue: number, offset: number): Buffer {
  const bytes = Buffer.allocUnsafe(13);
  bytes[0] = prefix;
  bytes.writeUInt32BE(queue, 1);
  long(bytes, offset, 5);
  return bytes;
}

function commit(): void {
  scheduled = false;
  if (syncing || used === 0) return;
  log.transactionSync(() => {
    for (const { bytes, length, offset } of blocks.slice(0, used)) {
      void log.put(key(0x42, 0, offset), bytes.subarray(0, Math.max(2048, length)));
    }
    queues.forEach(({ entries, count, next }, number) => {
      if (count > 0) void log.put(key(0x51, number, next - count), entries.subarray(0, count * ENTRY));
    });
  });
  used = 0;
  for (const queue of queues) queue.count = 0;
  const answered = [...waiting];
  waiting.clear();
  if (mode !== 'sync') return answered.forEach((lane) => lane.socket.write(lane.take()));
  const ready = answered.map((lane): [Lane, Buffer] => [lane, lane.take()]);
  syncing = true;
  fdatasync(descriptor, (error) => {
    if (error) throw error;
    syncing = false;
    for (const [lane, answers] of ready) lane.socket.write(answers);
    commit();
  });
}

/** One connection. */
class Lane {
  private rest: Buffer = Buffer.alloc(0);
  private answers: string[] = [];
  private size = 0;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('error', () => socket.destroy());
  }

  private read(chunk: Buffer): void {
    const { rest } = this;
    let at = 0;
    if (rest.length > 0) {
      const size = rest.length < 4 ? Infinity : 4 + rest.readUInt32BE(0);
      const whole = Buffer.concat([rest, chunk.subarray(0, Math.min(chunk.length, size - rest.length))]);
      if (whole.length < size && rest.length >= 4) return void (this.rest = whole);
      if (rest.length < 4) return ((this.rest = Buffer.alloc(0)), this.read(whole));
      this.frame(whole, 0, size);
      at = size - rest.length;
    }
    while (chunk.length - at >= 4) {
      const end = at + 4 + chunk.readUInt32BE(at);
      if (end > chunk.length) break;
      this.frame(chunk, at, end);
      at = end;
    }
    this.rest = chunk.subarray(at);
  }

  private frame(source: Buffer, at: number, end: number): void {
    const headerEnd = at + 8 + source.readUInt32BE(at + 4);
    scan(source, at + 8, headerEnd);
    place(source, headerEnd, end, this);
    waiting.add(this);
    if (scheduled) return;
    scheduled = true;
    setImmediate(commit);
  }

  answer(queue: number, queueOffset: number, offset: number): void {
    const id = offset.toString(16).toUpperCase().padStart(16, '0');
    const text = `{"code":0,"extFields":{"msgId":"7F00000100002A9F${id}","queueId":"${queue}","queueOffset":"${queueOffset}","MSG_REGION":"DefaultRegion","TRACE_ON":"true"},"flag":1,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":479}`;
    this.answers.push(text);
    this.size += text.length + 8;
  }

  take(): Buffer {
    const page = Buffer.allocUnsafe(this.size);
    let at = 0;
    for (const text of this.answers) {
      page.writeUInt32BE(text.length + 4, at);
      page.writeUInt32BE(text.length, at + 4);
      page.write(text, at + 8, 'latin1');
      at += 8 + text.length;
    }
    this.answers = [];
    this.size = 0;
    return page;
  }
}

createServer({ noDelay: true }, (socket) => new Lane(socket)).listen(Number(port), '127.0.0.1');
