import type { Socket } from 'node:net';
import { FrameSplitter, type FrameAt } from '@halfmq/remoting';
import { nextUnique, transaction, writeNumber, type Slot } from './frames.js';
import { Latencies } from './latencies.js';
import { dialAll, measured, type Load, type LoadResult } from './load.js';

interface Pair {
  readonly half: Slot;
  readonly end: Slot;
  begunAt: number;
}

/** Checks come on any connection of the group: half offset → who sent it; undefined: its answer has not come yet. */
class Checks {
  private readonly halves = new Map<number, (() => void) | undefined>();

  sent(halfOffset: number, end: () => void): void {
    if (this.halves.delete(halfOffset)) end();
    else this.halves.set(halfOffset, end);
  }

  came(halfOffset: number): void {
    const end = this.halves.get(halfOffset);
    if (end) this.halves.delete(halfOffset);
    else this.halves.set(halfOffset, undefined);
    end?.();
  }
}

/** Half message, then its commit, each slot of a lane one after the other; a transaction is the pair. */
class TransactionLane {
  private readonly pairs: Pair[];
  private readonly splitter = new FrameSplitter();
  private readonly writer: Together;
  private begun = 0;
  private ended = 0;

  constructor(
    private readonly socket: Socket,
    lane: number,
    slots: number,
    private readonly share: number,
    private readonly latencies: Latencies,
    /** undefined: the commit does not wait for a check */
    private readonly checks: Checks | undefined,
    private readonly done: () => void,
  ) {
    this.writer = new Together(socket);
    this.pairs = Array.from({ length: slots }, (_, slot) => ({
      ...transaction(lane, slot, slots, checks !== undefined),
      begunAt: 0,
    }));
    socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  start(): void {
    for (const pair of this.pairs) this.begin(pair);
    this.writer.flush();
  }

  private read(chunk: Buffer): void {
    const { splitter } = this;
    splitter.push(chunk);
    for (let frame = splitter.inOnePiece(); frame; frame = splitter.inOnePiece()) {
      this.take(frame);
      splitter.skip(frame);
    }
    splitter.keep();
    this.writer.flush();
  }

  private take({ source, from, to }: FrameAt): void {
    if (isGood(source, from)) return this.answer(source, from, to);
    const text = source.toString('latin1', from + 4, to);
    if (!text.includes('"code":39,')) this.socket.destroy(new Error(`refused: ${text}`));
    else this.checks?.came(numberAfter(source, from, '"tranStateTableOffset":"'));
  }

  private answer(source: Buffer, from: number, to: number): void {
    const opaque = numberBefore(source, to, '"opaque":');
    const pair = this.pairs[opaque % this.pairs.length];
    if (!pair) return;
    if (opaque < this.pairs.length) return this.prepared(pair, source, from);
    this.latencies.add(performance.now() - pair.begunAt);
    this.ended++;
    if (this.begun < this.share) this.begin(pair);
    else if (this.ended === this.share) this.done();
  }

  private begin(pair: Pair): void {
    const { half, end } = pair;
    const id = nextUnique();
    for (const at of half.numbers) writeNumber(half.frame, at, id);
    for (const at of end.numbers.slice(2)) writeNumber(end.frame, at, id);
    pair.begunAt = performance.now();
    this.begun++;
    this.writer.add(half.frame);
  }

  private prepared({ end }: Pair, answer: Buffer, from: number): void {
    const [halfOffsetAt = 0, physicalOffset = 0] = end.numbers;
    const halfOffset = numberAfter(answer, from, '"queueOffset":"');
    writeNumber(end.frame, halfOffsetAt, halfOffset);
    writeNumber(end.frame, physicalOffset, hexAfter(answer, from, '"msgId":"'));
    this.checks?.sent(halfOffset, () => {
      this.writer.add(end.frame);
      // the check may have come on another connection
      this.writer.flush();
    });
    if (!this.checks) this.writer.add(end.frame);
  }
}

/** `{"code":0,` behind the word of the header's length. */
function isGood(source: Buffer, from: number): boolean {
  return source[from + 12] === ZERO && source[from + 13] === COMMA;
}

function numberAfter(source: Buffer, from: number, name: string): number {
  return numberAt(source, source.indexOf(name, from, 'latin1') + name.length);
}

/** What comes last in an answer: few bytes are looked at. */
function numberBefore(source: Buffer, to: number, name: string): number {
  return numberAt(source, source.lastIndexOf(name, to, 'latin1') + name.length);
}

function numberAt(source: Buffer, at: number): number {
  let value = 0;
  for (let each = at; ; each++) {
    const digit = (source[each] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}

/** The last 16 of an offset message id's 32 digits. */
function hexAfter(source: Buffer, from: number, name: string): number {
  const at = source.indexOf(name, from, 'latin1') + name.length + 16;
  let value = 0;
  for (let each = at; each < at + 16; each++) {
    const byte = source[each] ?? 0;
    value = value * 16 + (byte <= NINE ? byte - ZERO : byte - TEN);
  }
  return value;
}

const ZERO = 0x30;
const NINE = 0x39;
/** what is taken from a letter */
const TEN = 0x41 - 10;
const COMMA = 0x2c;

/** Frames on their way, copied side by side: a write of many costs more than their copies. */
class Together {
  private bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  private length = 0;
  private readonly idle: Buffer[] = [];

  constructor(private readonly socket: Socket) {}

  add(frame: Buffer): void {
    if (this.length + frame.length > this.bytes.length) this.flush();
    this.length += frame.copy(this.bytes, this.length);
  }

  flush(): void {
    const { bytes, length } = this;
    if (length === 0) return;
    this.socket.write(bytes.subarray(0, length), () => this.idle.push(bytes));
    this.bytes = this.idle.pop() ?? Buffer.allocUnsafeSlow(bytes.length);
    this.length = 0;
  }
}

/** @param how.checked each is committed by the answer to a check */
export async function runTransactions(
  load: Omit<Load, 'frames'>,
  { checked }: { checked: boolean },
): Promise<LoadResult> {
  const share = Math.floor(load.total / load.connections);
  const total = share * load.connections;
  const sockets = await dialAll(load);
  const latencies = new Latencies(total);
  const checks = checked ? new Checks() : undefined;
  let open = sockets.length;
  return measured(sockets, latencies, total, (done) => {
    const ended = (): void => {
      if (--open === 0) done();
    };
    for (const [lane, socket] of sockets.entries()) {
      new TransactionLane(socket, lane, load.window, share, latencies, checks, ended).start();
    }
  });
}
