import type { Socket } from 'node:net';
import { FrameSplitter } from '@halfmq/remoting';
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
    this.pairs = Array.from({ length: slots }, (_, slot) => ({
      ...transaction(lane, slot, slots, checks !== undefined),
      begunAt: 0,
    }));
    socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  start(): void {
    this.socket.cork();
    for (const pair of this.pairs) this.begin(pair);
    this.socket.uncork();
  }

  private read(chunk: Buffer): void {
    this.splitter.push(chunk);
    this.socket.cork();
    for (let frame = this.splitter.next(); frame; frame = this.splitter.next()) {
      const text = frame.toString('latin1', 4, 4 + frame.readUInt32BE(0));
      if (text.includes('"code":39,')) {
        this.checks?.came(numberAfter(text, '"tranStateTableOffset":"'));
        continue;
      }
      if (!text.includes('"code":0,')) return void this.socket.destroy(new Error(`refused: ${text}`));
      this.answer(text);
    }
    this.socket.uncork();
  }

  private answer(text: string): void {
    const opaque = numberAfter(text, '"opaque":');
    const pair = this.pairs[opaque % this.pairs.length];
    if (!pair) return;
    if (opaque < this.pairs.length) return this.prepared(pair, text);
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
    this.socket.write(half.frame);
  }

  private prepared({ end }: Pair, answer: string): void {
    const [halfOffsetAt = 0, physicalOffset = 0] = end.numbers;
    const id = answer.indexOf('"msgId":"') + 9;
    const halfOffset = numberAfter(answer, '"queueOffset":"');
    writeNumber(end.frame, halfOffsetAt, halfOffset);
    writeNumber(end.frame, physicalOffset, Number.parseInt(answer.slice(id + 16, id + 32), 16));
    const commit = (): void => void this.socket.write(end.frame);
    if (this.checks) this.checks.sent(halfOffset, commit);
    else commit();
  }
}

function numberAfter(text: string, name: string): number {
  return Number.parseInt(text.slice(text.indexOf(name) + name.length), 10);
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
