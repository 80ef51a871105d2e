import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { languageOf, systemClock, type Cancel, type Host } from '@halfmq/remoting';
import { Calling, type Caller } from './caller.js';
import { Refusal } from './codes.js';
import { GrpcError, GrpcStatus, type GrpcStatusName } from './grpc-error.js';
import { MessageFrames, MOST_BYTES } from './message-frames.js';

/** The other side of a connection. */
export interface Remote {
  readonly host: Host;
  /** ip:port */
  readonly address: string;
  /** what it makes the broker keep */
  readonly load: Load;
}

export interface Load {
  /** streams that are not over */
  calls: number;
  /** bytes of messages that have begun on its streams */
  begun: number;
  /** streams of messages that are being written: whoever does not read keeps theirs in memory */
  answering: number;
}

const MOST_BEGUN = 4 * MOST_BYTES;
const MOST_ANSWERING = 64;
/** bytes of a stream */
const MOST_UNTAKEN = 64 * 1024;

const HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': 'identity,gzip',
};
// a date is no part of gRPC
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };
const WHOLE = { endStream: true, sendDate: false };
const DONE = { 'grpc-status': '0' };

/**
 * One call on its stream: messages in, messages out, one status.
 *
 *   open ── first message out ─▶ answering ── end, or fail ─▶ ended
 *        ── fail ──────────────▶ ended, without a message
 *
 * The caller may be gone, or give up, at any time: `caller.gone` says so, and what is written then goes nowhere.
 */
export class GrpcCall {
  private readonly frames: MessageFrames;
  private cancelDeadline: Cancel | undefined;
  private isAnswering = false;
  private isEnded = false;
  private hasGone = false;
  /** of the connection's load, what this call is */
  private begun = 0;
  /** made when somebody asks: most calls are answered before anybody could */
  private gone: AbortController | undefined;
  private trailers: Record<string, string> = DONE;

  /** @param endless its deadline does not count: a telemetry stream lives as long as its client */
  constructor(
    private readonly stream: ServerHttp2Stream,
    private headers: IncomingHttpHeaders,
    private readonly remote: Remote,
    endless: boolean,
  ) {
    this.frames = new MessageFrames(this.header('grpc-encoding') || 'identity');
    const { remainingMs } = this;
    if (!endless && remainingMs !== undefined)
      this.cancelDeadline = systemClock.after(remainingMs, () => this.expire());
    remote.load.calls++;
    stream.on('close', () => this.closed());
    // a reset, or a connection that broke: `close` follows
    stream.on('error', ignored);
  }

  /**
   * @param message called with each that is whole
   * @param end the other side has said all
   */
  listen(message: (bytes: Buffer) => void, end: () => void): void {
    const { stream } = this;
    const guarded = (act: () => void): void => {
      if (this.isEnded) return;
      try {
        act();
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error;
        this.fail(error.status, error.message);
      }
    };
    stream.on('data', (piece: Buffer) => guarded(() => this.taken(piece).forEach(message)));
    stream.on('end', () =>
      guarded(() => {
        if (this.frames.held > 0) throw new GrpcError('INTERNAL', 'the stream ended within a message');
        end();
      }),
    );
  }

  /** @throws GrpcError as MessageFrames.take; RESOURCE_EXHAUSTED when its connection has begun too much */
  private taken(piece: Buffer): Buffer[] {
    const messages = this.frames.take(piece);
    this.keeps(this.frames.held);
    if (this.remote.load.begun > MOST_BEGUN)
      throw new GrpcError(
        'RESOURCE_EXHAUSTED',
        `this connection has begun messages of ${MOST_BEGUN} bytes and not ended them`,
      );
    return messages;
  }

  private keeps(bytes: number): void {
    this.remote.load.begun += bytes - this.begun;
    this.begun = bytes;
  }

  /**
   * Its answer is a stream that the other side may read slowly: as many of a connection as there may be at once.
   * @returns what is called when it is written
   * @throws Refusal TOO_MANY_REQUESTS
   */
  answering(): () => void {
    const { load } = this.remote;
    if (load.answering >= MOST_ANSWERING)
      throw new Refusal(
        'TOO_MANY_REQUESTS',
        `${MOST_ANSWERING} receives of this connection are answered and not read yet: read them`,
      );
    load.answering++;
    return () => load.answering--;
  }

  /** @throws Refusal CLIENT_ID_REQUIRED */
  get caller(): Caller {
    const clientId = this.header('x-mq-client-id');
    if (clientId.trim() === '')
      throw new Refusal('CLIENT_ID_REQUIRED', 'the header x-mq-client-id is missing');
    return new Calling(
      clientId,
      languageOf(this.header('x-mq-language')),
      this.header('x-mq-client-version'),
      this.remote,
      this.remainingMs,
      this,
    );
  }

  /** Aborted as soon as nobody waits for an answer any more. */
  get signal(): AbortSignal {
    this.gone ??= new AbortController();
    if (this.hasGone) this.gone.abort();
    return this.gone.signal;
  }

  /** The caller is answered with what there is. */
  stopWaiting(): void {
    this.gone ??= new AbortController();
    this.gone.abort();
  }

  /** Nobody hears what would be written. */
  get isGone(): boolean {
    return this.hasGone;
  }

  /** Called once when the stream is over, whoever ended it. */
  onGone(listener: () => void): void {
    this.stream.on('close', listener);
  }

  /** false: of what was written before much has not been taken yet */
  get writable(): boolean {
    return !this.isEnded && this.stream.writable && this.stream.writableLength < MOST_UNTAKEN;
  }

  /** What is written before others have their turn leaves together. @param frame of one message */
  write(frame: Buffer): void {
    const { stream } = this;
    if (this.isEnded || !stream.writable) return;
    this.begin();
    if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => stream.uncork());
    }
    stream.write(frame);
  }

  /** Resolves when the other side has taken what was written, or is gone. */
  async drained(): Promise<void> {
    const { stream } = this;
    if (!stream.writableNeedDrain || this.isGone) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.off('drain', done);
        stream.off('close', done);
        resolve();
      };
      stream.on('drain', done);
      stream.on('close', done);
    });
  }

  /** All went well. @param last a frame more */
  end(last?: Buffer): void {
    if (this.isEnded || !this.stream.writable) return this.over();
    this.begin();
    this.isEnded = true;
    this.stream.end(last);
  }

  /** The call as such failed. */
  fail(status: GrpcStatusName, detail: string): void {
    if (this.isEnded || !this.stream.writable) return this.over();
    this.isEnded = true;
    // a message is text of ASCII without controls, all else in percents
    const trailers = {
      'grpc-status': String(GrpcStatus[status]),
      'grpc-message': encodeURIComponent(detail),
    };
    if (this.isAnswering) {
      this.trailers = trailers;
      this.stream.end();
      return;
    }
    this.stream.respond({ ...HEADERS, ...trailers }, WHOLE);
    stopReading(this.stream);
  }

  private begin(): void {
    if (this.isAnswering) return;
    this.isAnswering = true;
    this.stream.on('wantTrailers', () => {
      this.stream.sendTrailers(this.trailers);
      stopReading(this.stream);
    });
    this.stream.respond(HEADERS, WITH_TRAILERS);
  }

  private leave(): void {
    this.hasGone = true;
    this.gone?.abort();
  }

  private expire(): void {
    this.leave();
    this.fail('DEADLINE_EXCEEDED', 'the deadline of the call has passed');
  }

  private closed(): void {
    this.remote.load.calls--;
    this.over();
  }

  private over(): void {
    this.cancelDeadline?.();
    this.keeps(0);
    // Node.js keeps the stream, and what hangs on it, until V8 collects everything
    this.headers = {};
    if (!this.isEnded) this.leave();
    this.isEnded = true;
  }

  /** ms until the caller gives up; undefined: it waits for ever */
  private get remainingMs(): number | undefined {
    const timeout = this.header('grpc-timeout');
    if (timeout === '') return undefined;
    const [, count, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(timeout) ?? [];
    return count === undefined ? undefined : Number(count) * (UNIT_MS[unit] ?? 0);
  }

  private header(name: string): string {
    return String(this.headers[name] ?? '');
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

const ignored = (): void => undefined;

/**
 * The answer has been given: the other side may go on as long as it likes, and need not. A reset, since Node.js 26 at
 * the latest, puts an end to what has not left before it, the answer among it; so it follows when all has left, and
 * not at all to a side that does not read.
 */
export function stopReading(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  setImmediate(() => {
    if (stream.destroyed || stream.readableEnded) return;
    if (stream.session?.state.outboundQueueSize === 0) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}
