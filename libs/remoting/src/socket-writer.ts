import type { Socket } from 'node:net';
import type { Clock } from './clock.js';
import type { Body, SerializeType } from './command.js';
import type { NewHeader } from './header.js';
import { Outbox } from './outbox.js';

/** Above this many bytes not yet taken by the other side, nothing more is read from it and what can wait waits. */
export const HIGH_WATER = 4 * 1024 * 1024;
/** What it comes down to while all connections of a server together have more than their share. */
const LOW_WATER = 128 * 1024;
const SHARE = 64 * 1024 * 1024;

/** What the connections of one server have written and their other sides have not taken. */
export class Unread {
  bytes = 0;

  get highWater(): number {
    return this.bytes > SHARE ? LOW_WATER : HIGH_WATER;
  }
}
const OUT_LIMIT = 64 * 1024 * 1024;
/**
 * How long frames that expect company stay for it: so many turns of the event loop, and no longer than this. Turns in which
 * nothing happens are over in a microsecond each; where the process is busy, each may bring a frame more.
 */
const COMPANY_TURNS = 12;
const COMPANY_MS = 1;

export interface WriterOptions {
  readonly clock: Clock;
  readonly frameLimit?: number | undefined;
  readonly outLimit?: number | undefined;
  readonly version?: number | undefined;
  /** shared with the other connections of a server */
  readonly unread?: Unread | undefined;
  /** whether more frames are likely to follow soon: what is laid out then waits a little for them */
  readonly company?: (() => boolean) | undefined;
}

const NOBODY: readonly (() => void)[] = [];

/** The way out of one socket: one write for all frames of a turn, and a count of what the other side has not taken. */
export class SocketWriter {
  /** monotonic, of the last write that began or ended */
  lastActive: number;
  private readonly outbox: Outbox;
  private flushDue = false;
  /** handed to the socket and not yet taken by the kernel; the socket knows it too, but is slow to ask */
  private inSocket = 0;
  private readonly deferred: (() => void)[] = [];
  /** who is told when what is laid out has left */
  private leaving: (() => void)[] = [];
  private readonly shared: Unread;

  /**
   * @param onWritten something has left
   * @param onOverflow more than the limit waits to leave
   */
  constructor(
    private readonly socket: Socket,
    private readonly options: WriterOptions,
    private readonly onWritten: () => void,
    private readonly onOverflow: (unread: number) => void,
  ) {
    this.outbox = new Outbox(options.frameLimit);
    this.lastActive = options.clock.monotonic();
    this.shared = options.unread ?? new Unread();
  }

  /** see HIGH_WATER */
  get highWater(): number {
    return this.shared.highWater;
  }

  /** Bytes laid out or written that the other side has not taken. */
  get unread(): number {
    return this.outbox.bytes + this.inSocket;
  }

  get writable(): boolean {
    return this.unread <= this.highWater;
  }

  /**
   * @param written called when the frame has left; never when the socket is gone before
   * @throws MalformedFrame when the frame is too large
   */
  add(header: NewHeader, type: SerializeType, body: Body | undefined, written?: () => void): void {
    const { version, outLimit } = this.options;
    this.outbox.add(version === undefined ? header : { ...header, version }, type, body);
    if (written) this.leaving.push(written);
    this.added(outLimit);
  }

  addFrames(frames: Buffer): void {
    this.outbox.addFrames(frames);
    this.added(this.options.outLimit);
  }

  private added(outLimit = OUT_LIMIT): void {
    this.flushSoon();
    if (this.unread > outLimit) this.onOverflow(this.unread);
  }

  /** Now, or when the other side has read enough; never when the connection ends before. */
  whenWritable(write: () => void): void {
    if (this.writable) write();
    else this.deferred.push(write);
  }

  /**
   * In the check phase of this turn, when every socket has been read and the promises of that have settled; of one of the
   * next turns where company is expected.
   */
  flushSoon(): void {
    if (this.flushDue) return;
    this.flushDue = true;
    const { company, clock } = this.options;
    if (company?.()) this.flushInCompany(COMPANY_TURNS, clock.monotonic() + COMPANY_MS);
    else setImmediate(() => this.flush());
  }

  private flushInCompany(turns: number, latest: number): void {
    setImmediate(() => {
      const stay = turns > 1 && this.options.clock.monotonic() < latest;
      if (stay) this.flushInCompany(turns - 1, latest);
      else this.flush();
    });
  }

  flush(): void {
    this.flushDue = false;
    const { bytes } = this.outbox;
    const pieces = this.socket.destroyed ? [] : this.outbox.take();
    const last = pieces.pop();
    if (!last) return;
    const { leaving } = this;
    if (leaving.length > 0) this.leaving = [];
    this.inSocket += bytes;
    this.shared.bytes += bytes;
    this.lastActive = this.options.clock.monotonic();
    if (pieces.length > 0) this.socket.cork();
    for (const piece of pieces) this.socket.write(piece);
    this.socket.write(last, (error) => this.written(bytes, error ? NOBODY : leaving));
    if (pieces.length > 0) this.socket.uncork();
  }

  private written(bytes: number, leaving: readonly (() => void)[]): void {
    for (const left of leaving) left();
    if (this.inSocket === 0) return;
    this.inSocket -= bytes;
    this.shared.bytes -= bytes;
    if (this.unread === 0) this.outbox.reuse();
    this.lastActive = this.options.clock.monotonic();
    while (this.deferred.length > 0 && this.writable) this.deferred.shift()?.();
    this.onWritten();
  }

  /** The socket is gone, and with it what it held. */
  forget(): void {
    this.shared.bytes -= this.inSocket;
    this.inSocket = 0;
    this.deferred.length = 0;
  }
}
