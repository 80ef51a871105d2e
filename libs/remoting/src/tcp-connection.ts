import type { Socket } from 'node:net';
import type { Cancel } from './clock.js';
import { CommandFlag, isResponse, JSON_HEADER, type Body, type Command } from './command.js';
import type { ConnectionOptions } from './connection-options.js';
import type { Connection, Outcome, RequestContext } from './connection.js';
import { decodeFrame, FrameSplitter } from './frame.js';
import { formatHost, hostOf, type Host } from './host.js';
import { PendingRequests } from './pending.js';
import { messageOf, RemotingError } from './remoting-error.js';
import type { RequestSpec } from './request-spec.js';
import type { RunSource } from './send-run.js';
import { Serving } from './serving.js';
import { SocketWriter } from './socket-writer.js';
import { STATUS } from './status.js';
import { UnfinishedFrame } from './unfinished.js';

const IDLE_MS = 120_000;
/** How long the other side may take to end its half of the connection after this side did. */
const LINGER_MS = 1_000;

/**
 * A socket that speaks frames. States, forward only:
 *
 *   OPEN      reads frames and serves them; what one turn of the event loop answers leaves in one write
 *   DRAINING  reads no more; ends when every request taken has been answered
 *   ENDING    what was laid out is being written, what arrives is dropped; LINGER_MS later at the latest:
 *   GONE      the socket is closed
 *
 * While OPEN it stops reading when answers pile up (HIGH_WATER) and reads on when they have left.
 */
export class TcpConnection implements Connection, RunSource {
  readonly remoteHost: Host;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Resolves when the socket is gone. */
  readonly gone: Promise<void>;

  private state: 'OPEN' | 'DRAINING' | 'ENDING' | 'GONE' = 'OPEN';
  private reason = '';
  readonly splitter: FrameSplitter;
  private readonly unfinished: UnfinishedFrame;
  private readonly writer: SocketWriter;
  private readonly serving: Serving;
  private readonly pending: PendingRequests;
  private readonly listeners: ((reason: string) => void)[] = [];
  private lastOpaque = 0;
  private halted = false;
  private lastRead: number;
  /** what was read before this had to wait, and is served now */
  private fullSince: number | undefined;
  private cancelTimer: Cancel;

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    const { clock, log } = options;
    this.remoteHost = hostOf(socket.remoteAddress, socket.remotePort);
    this.remoteAddress = formatHost(this.remoteHost);
    this.localAddress = formatHost(hostOf(socket.localAddress, socket.localPort));
    this.splitter = new FrameSplitter(options.frameLimit);
    this.unfinished = new UnfinishedFrame(this.splitter, options.unfinished, (why, request) => {
      if (request) this.reply(request, { status: 'SYSTEM_BUSY', remark: `[OVERLOAD]${why}` });
      this.endWithWarning(why);
    });
    this.writer = new SocketWriter(
      socket,
      options.gathers ? { ...options, company: () => this.pending.sends > 1 } : options,
      () => this.readOnIfHalted(),
      (unread) => this.overflow(unread),
    );
    this.serving = new Serving(options.handlers, log, this, () => this.settled());
    this.pending = new PendingRequests(clock, this.remoteAddress, (since) => this.unanswered(since));
    this.lastRead = clock.monotonic();
    this.cancelTimer = this.watchIdle(options.idleMs ?? IDLE_MS);
    this.gone = new Promise((resolve) => socket.once('close', () => resolve(this.bury())));
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('end', () => this.close('closed by the other side'));
    socket.on('error', (error) => this.close(error.message));
  }

  get open(): boolean {
    return this.state === 'OPEN' || this.state === 'DRAINING';
  }

  get waitedMs(): number {
    return this.fullSince === undefined ? 0 : this.options.clock.monotonic() - this.fullSince;
  }

  get writable(): boolean {
    return this.open && this.writer.writable;
  }

  request<H>(
    spec: RequestSpec<H>,
    header: H,
    body: Body | undefined,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<Command> {
    if (!this.open) return Promise.reject(new RemotingError('closed', this.remoteAddress, this.reason));
    const opaque = this.nextOpaque();
    const answer = this.pending.add(opaque, spec, timeoutMs);
    this.writer.whenWritable(() => {
      if (!this.pending.has(opaque)) return;
      try {
        this.writer.add(
          { code: spec.code, opaque, flag: 0, extFields: spec.encode(header) },
          JSON_HEADER,
          body,
        );
      } catch (error) {
        const detail = messageOf(error);
        this.pending.fail(
          opaque,
          new RemotingError('malformed', this.remoteAddress, detail, { cause: error }),
        );
      }
    });
    return answer;
  }

  oneWay<H>(spec: RequestSpec<H>, header: H, body?: Body): boolean {
    if (!this.writable) return false;
    const { code } = spec;
    const opaque = this.nextOpaque();
    try {
      const extFields = spec.encode(header);
      this.writer.add({ code, opaque, flag: CommandFlag.ONE_WAY, extFields }, JSON_HEADER, body);
      return true;
    } catch (error) {
      this.options.log.warn('one-way request not sent', { code, remote: this.remoteAddress, error });
      return false;
    }
  }

  reply(to: Pick<RequestContext, 'opaque' | 'serializeType' | 'oneWay'>, outcome: Outcome): void {
    if (to.oneWay || !this.open) return;
    const { opaque, serializeType } = to;
    const flag = CommandFlag.RESPONSE;
    try {
      const { status, remark, header, body, written } = outcome;
      const { code } = STATUS[status];
      this.writer.add({ code, opaque, flag, remark, extFields: header }, serializeType, body, written);
    } catch (error) {
      this.options.log.error('answer cannot be sent', { remote: this.remoteAddress, error });
      const { code } = STATUS.SYSTEM_ERROR;
      this.writer.add({ code, opaque, flag, remark: messageOf(error) }, serializeType, undefined);
    }
  }

  replyFrames(frames: Buffer): void {
    if (this.open) this.writer.addFrames(frames);
  }

  owes(bytes: number): void {
    this.serving.owes(bytes);
  }

  whenWritable(act: () => void): void {
    if (this.open) this.writer.whenWritable(act);
  }

  close(reason: string): void {
    if (!this.open) return;
    this.state = 'ENDING';
    this.reason = reason;
    this.cancelTimer();
    this.cancelTimer = this.options.clock.after(LINGER_MS, () => this.socket.destroy());
    this.writer.flush();
    this.socket.end();
    // a socket closed with bytes unread is reset, and a reset may overtake the answers on their way
    this.socket.resume();
    this.pending.failAll(new RemotingError('closed', this.remoteAddress, reason));
    this.options.log.debug('connection closed', { remote: this.remoteAddress, reason });
    for (const listener of this.listeners.splice(0)) listener(reason);
  }

  onClose(listener: (reason: string) => void): void {
    if (this.open) this.listeners.push(listener);
    else listener(this.reason);
  }

  /** Takes no more requests and ends when those taken are answered. */
  drain(reason: string): void {
    if (this.state !== 'OPEN') return;
    this.state = 'DRAINING';
    this.reason = reason;
    this.settled();
  }

  /** Ends now, whatever is left to be written. */
  destroy(reason: string): void {
    this.close(reason);
    this.socket.destroy();
  }

  private bury(): void {
    this.close('closed');
    this.cancelTimer();
    this.state = 'GONE';
    this.writer.forget();
    this.unfinished.forget();
  }

  private nextOpaque(): number {
    return (this.lastOpaque = (this.lastOpaque + 1) & 0x7fffffff);
  }

  private receive(chunk: Buffer): void {
    if (this.state !== 'OPEN') return;
    this.lastRead = this.options.clock.monotonic();
    this.fullSince = undefined;
    this.splitter.push(chunk);
    this.readOn();
    this.splitter.keep();
  }

  private readOn(): void {
    try {
      while (this.takesMore && !this.serving.runWaits) {
        if (this.serving.takeRun(this)) continue;
        const frame = this.splitter.next();
        if (!frame) return this.resume();
        this.take(this.options.handlers.reader.read(frame) ?? decodeFrame(frame));
      }
    } catch (error) {
      return this.endWithWarning(`malformed frame: ${messageOf(error)}`);
    }
    this.halt();
  }

  get takesMore(): boolean {
    return this.state === 'OPEN' && !this.isFull();
  }

  private take(command: Command): void {
    // an answer nobody waits for came after its time-out, and is dropped
    if (isResponse(command)) this.pending.answer(command);
    else this.serving.take(command);
  }

  private isFull(): boolean {
    return this.writer.unread + this.serving.expectedBytes > this.writer.highWater;
  }

  private halt(): void {
    if (this.state !== 'OPEN') return;
    if (this.isFull()) this.fullSince ??= this.options.clock.monotonic();
    if (this.halted) return;
    this.halted = true;
    this.socket.pause();
    this.writer.flushSoon();
  }

  private resume(): void {
    this.unfinished.look();
    if (!this.halted) return;
    this.halted = false;
    this.socket.resume();
  }

  private readOnIfHalted(): void {
    if (this.halted) this.readOn();
  }

  private settled(): void {
    if (this.state === 'DRAINING' && this.serving.isIdle) this.close(this.reason);
    else this.readOnIfHalted();
  }

  private overflow(unread: number): void {
    this.endWithWarning(`the other side does not read: ${unread} bytes wait for it`);
    this.socket.destroy();
  }

  private endWithWarning(reason: string): void {
    this.options.log.warn('connection ended', { remote: this.remoteAddress, reason });
    this.close(reason);
  }

  private unanswered(since: number): void {
    // while halted it is this side that does not listen
    if (!this.options.endsInSilence || this.halted || this.lastRead >= since) return;
    this.close('nothing came from the other side while a request waited for its answer');
  }

  private watchIdle(idleMs: number): Cancel {
    const { clock } = this.options;
    const check = (): void => {
      const left = Math.max(this.lastRead, this.writer.lastActive) + idleMs - clock.monotonic();
      if (left > 0) this.cancelTimer = clock.after(left, check, 'last');
      else this.close(`idle for ${Math.round(idleMs / 1000)} s`);
    };
    return clock.after(idleMs, check, 'last');
  }
}
