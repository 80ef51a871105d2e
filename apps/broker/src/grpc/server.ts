import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { formatHost, hostOf, systemClock, type Log } from '@halfmq/remoting';
import type { Socket } from 'node:net';
import { GrpcCall, stopReading, type Remote } from './call.js';
import type { Caller } from './caller.js';
import { Code, statusOf } from './codes.js';
import type { Status, TelemetryCommand } from './contract.js';
import { GrpcError } from './grpc-error.js';
import { MOST_BYTES } from './message-frames.js';
import { notServed, type Methods } from './methods.js';
import { loadService, type ServiceMethod } from './service.js';
import type { CommandStream } from './telemetry-peer.js';

/** A connection without calls is closed after so long; one with calls is asked whether it is there. */
const IDLE_MS = 120_000;
const PING_MS = 20_000;
const CONTENT_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/;
const UNIMPLEMENTED = 'the contract has no method';

/** What one stream, and one connection, may bring before it has to wait; a message may be larger. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 4 * STREAM_WINDOW;
const OPTIONS = {
  settings: { initialWindowSize: STREAM_WINDOW, maxHeaderListSize: 16 * 1024 },
  // MB of a connection: more is refused stream by stream
  maxSessionMemory: (4 * MOST_BYTES) / (1024 * 1024),
} as const;

export interface Identity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/**
 * The methods behind HTTP/2, which Node.js speaks. It has no port of its own: connections are brought to it. What reads
 * the contract's messages is loaded with it, when the first client comes.
 */
export class GrpcServer {
  private readonly service = loadService();
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly plain = this.listening(createServer(OPTIONS));
  private secure: Http2Server | undefined;
  /** calls that may wait for messages */
  private readonly waiting = new Set<GrpcCall>();
  private closing = false;

  constructor(
    private readonly methods: Methods,
    private readonly log: Log,
  ) {}

  takePlain(socket: Socket): void {
    this.plain.emit('connection', socket);
  }

  /** @param identity the first one counts */
  takeSecure(socket: Socket, { key, cert }: Identity): void {
    this.secure ??= this.listening(createSecureServer({ ...OPTIONS, key, cert, ALPNProtocols: ['h2'] }));
    this.secure.emit('connection', socket);
  }

  /** Who waits for messages is answered now; what else is under way has this long to end. */
  async close(graceMs: number): Promise<void> {
    this.closing = true;
    for (const call of this.waiting) call.stopWaiting();
    const left = this.methods.sessions.close();
    const cancel = systemClock.after(graceMs, () => {
      for (const session of this.sessions) session.destroy();
    });
    const open = [...this.sessions];
    await Promise.all(
      open.map(
        (session) =>
          new Promise<void>((resolve) => {
            session.once('close', () => resolve());
            session.close();
          }),
      ),
    );
    await left;
    await this.methods.close();
    cancel();
  }

  private listening(server: Http2Server): Http2Server {
    server.on('session', (session) => this.connected(session));
    // a session that broke: it is closed, and its calls with it
    server.on('sessionError', () => undefined);
    return server;
  }

  private connected(session: ServerHttp2Session): void {
    const host = hostOf(session.socket.remoteAddress, session.socket.remotePort);
    const remote: Remote = { address: formatHost(host), host, load: { calls: 0, begun: 0, answering: 0 } };
    this.sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.on('close', () => this.sessions.delete(session));
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.called(stream, headers, remote);
    });
    session.setTimeout(IDLE_MS, () => (remote.load.calls === 0 ? session.close() : isThere(session)));
  }

  private called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, remote: Remote): void {
    const type = headers['content-type'] ?? '';
    if (headers[':method'] !== 'POST' || !CONTENT_TYPE.test(type)) return refuse(stream);
    const path = String(headers[':path']);
    const method = this.service.get(path);
    const call = new GrpcCall(stream, headers, remote, method?.kind === 'duplex');
    if (!method) return call.fail('UNIMPLEMENTED', `${UNIMPLEMENTED} ${path}`);
    if (method.kind === 'duplex') return this.telemetry(method, call);
    let request: object | undefined;
    call.listen(
      (bytes) => {
        if (request) throw new GrpcError('INTERNAL', `${method.name} takes one message`);
        request = decoded(method, bytes);
      },
      () => {
        if (!request) throw new GrpcError('INTERNAL', `${method.name} takes one message, none came`);
        const whole = request;
        // who listens is kept as long as the stream
        request = undefined;
        if (method.kind === 'unary') void this.answer(method, whole, call);
        else void this.stream(method, whole, call);
      },
    );
  }

  /** Refusals are answers here: it never rejects. */
  private async answer(method: ServiceMethod, request: object, call: GrpcCall): Promise<void> {
    let answer: object;
    try {
      const handle = this.methods.unary[method.name] ?? notServed(method.name);
      answer = await handle(request as never, call.caller);
    } catch (error) {
      answer = { status: this.refusal(method.name, error) };
    }
    call.end(method.encode(answer));
  }

  private async stream(method: ServiceMethod, request: object, call: GrpcCall): Promise<void> {
    let written: (() => void) | undefined;
    this.waiting.add(call);
    if (this.closing) call.stopWaiting();
    try {
      const handle = this.methods.streams[method.name] ?? notServed(method.name);
      for await (const element of handle(request as never, call.caller)) {
        if (call.isGone) return;
        // refused here, its messages go back where they were
        written ??= call.answering();
        call.write(method.encode(element));
        if (!call.writable) await call.drained();
      }
    } catch (error) {
      call.write(method.encode({ status: this.refusal(method.name, error) }));
    } finally {
      this.waiting.delete(call);
      written?.();
    }
    call.end();
  }

  private telemetry(method: ServiceMethod, call: GrpcCall): void {
    const { sessions } = this.methods;
    const stream: CommandStream = {
      get writable() {
        return call.writable;
      },
      write: (command) => call.write(method.encode(command)),
      end: () => call.end(),
    };
    let caller: Caller | undefined;
    const ended = (): void => sessions.ended(caller?.clientId ?? '', stream);
    call.listen(
      (bytes) => {
        const command = decoded(method, bytes) as TelemetryCommand;
        try {
          // once a stream: settings come for as long as the client lives
          caller ??= call.caller;
          sessions.said(command, caller, stream);
        } catch (error) {
          throw asGrpcError(this.refusal('Telemetry', error));
        }
      },
      () => {
        ended();
        call.end();
      },
    );
    call.onGone(ended);
  }

  private refusal(method: string, error: unknown): Status {
    const status = statusOf(error);
    if (status) return status;
    this.log.error('a gRPC call failed', { method, error });
    return {
      code: Code.INTERNAL_SERVER_ERROR,
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

/** A telemetry stream has no place for a status of its own: it ends with one of gRPC's. */
function asGrpcError({ code, message }: Status): GrpcError {
  const isCallers = code >= Code.BAD_REQUEST && code < Code.INTERNAL_SERVER_ERROR;
  return new GrpcError(isCallers ? 'INVALID_ARGUMENT' : 'INTERNAL', `${code}: ${message}`);
}

/** @throws GrpcError INTERNAL */
function decoded(method: ServiceMethod, bytes: Buffer): object {
  try {
    return method.decode(bytes);
  } catch (error) {
    throw new GrpcError('INTERNAL', `no message of ${method.name}: ${String(error)}`);
  }
}

/** Whoever speaks HTTP/2 and not gRPC. */
function refuse(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 415, 'content-type': 'text/plain' });
  const reason = 'this is the gRPC door (grpcServerPort): POST, content-type application/grpc\n';
  stream.end(reason, () => stopReading(stream));
}

/** A connection that answers no ping is gone, with all its calls. */
function isThere(session: ServerHttp2Session): void {
  const cancel = systemClock.after(PING_MS, () => session.destroy());
  session.once('close', cancel);
  session.ping(() => {
    cancel();
    session.off('close', cancel);
  });
}
