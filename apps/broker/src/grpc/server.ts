import { fileURLToPath } from 'node:url';
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status as GrpcStatus,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { languageOf, parseHost, systemClock, type Log } from '@halfmq/remoting';
import type { ServerSurfaceCall } from '@grpc/grpc-js/build/src/server-call.js';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js/build/src/server-interceptors.js';
import type { Socket } from 'node:net';
import type { Caller } from './caller.js';
import { Code, Refusal, statusOf } from './codes.js';
import type { ReceiveMessageRequest, Status, TelemetryCommand } from './contract.js';
import { notServed, type Methods } from './methods.js';
import type { CommandStream } from './telemetry-peer.js';

const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url));
const SERVICE = 'apache.rocketmq.v2.MessagingService';
/** as a frame of the remoting door */
const MOST_BYTES = 16 * 1024 * 1024;
const IDLE_MS = 120_000;

export interface Identity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** What every kind of call has. */
type Call = Pick<ServerSurfaceCall, 'metadata' | 'getPeer' | 'getDeadline'> & {
  on(event: 'cancelled', listener: () => void): unknown;
};

/**
 * The methods behind HTTP/2, by @grpc/grpc-js: the only file that knows it, and what it takes to load it (a third of a second) is
 * spent when the first client comes. It has no port of its own: connections are brought to it.
 */
export class GrpcServer {
  private readonly server = new Server({
    interceptors: [withoutEnd],
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.enable_channelz': 0,
  });
  private readonly plain = this.server.createConnectionInjector(ServerCredentials.createInsecure());
  private secure: ReturnType<Server['createConnectionInjector']> | undefined;

  constructor(
    private readonly methods: Methods,
    private readonly log: Log,
  ) {
    const service = serviceDefinition();
    this.server.addService(service, this.implementation(service));
  }

  takePlain(socket: Socket): void {
    this.plain.injectConnection(socket);
  }

  /** @param identity the first one counts */
  takeSecure(socket: Socket, { key, cert }: Identity): void {
    this.secure ??= this.server.createConnectionInjector(
      ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]),
    );
    this.secure.injectConnection(socket);
  }

  /** What is under way has this long to end. */
  close(graceMs: number): Promise<void> {
    this.methods.sessions.close();
    this.plain.drain(graceMs);
    this.secure?.drain(graceMs);
    return new Promise((resolve) => {
      const cancel = systemClock.after(graceMs, () => this.server.forceShutdown());
      this.server.tryShutdown(() => {
        cancel();
        resolve();
      });
    });
  }

  private implementation(service: ServiceDefinition): UntypedServiceImplementation {
    const entries = Object.entries(service).map(([name, { responseStream, requestStream }]) => {
      if (requestStream)
        return [name, (call: ServerDuplexStream<TelemetryCommand, TelemetryCommand>) => this.telemetry(call)];
      return [name, responseStream ? this.stream(name) : this.unary(name)];
    });
    return Object.fromEntries(entries) as UntypedServiceImplementation;
  }

  private unary(name: string): handleUnaryCall<object, object> {
    const handle = this.methods.unary[name[0]?.toLowerCase() + name.slice(1)];
    return (call, answer) => {
      const answered = async (): Promise<object> => {
        try {
          if (!handle) notServed(name);
          return await handle(call.request as never, callerOf(call));
        } catch (error) {
          return { status: this.refusal(name, error) };
        }
      };
      // refusals are answers here: it never rejects
      void answered().then((response) => answer(null, response));
    };
  }

  private stream(name: string): handleServerStreamingCall<ReceiveMessageRequest, object> {
    return (call) => {
      const run = async (): Promise<void> => {
        try {
          if (name !== 'ReceiveMessage') notServed(name);
          for await (const element of this.methods.receive(call.request, callerOf(call))) {
            if (call.cancelled || call.destroyed) return;
            call.write(element);
          }
        } catch (error) {
          call.write({ status: this.refusal(name, error) });
        }
        call.end();
      };
      void run();
    };
  }

  private telemetry(call: ServerDuplexStream<TelemetryCommand, TelemetryCommand>): void {
    const { sessions } = this.methods;
    const stream: CommandStream = {
      get writable() {
        return call.writable && !call.writableNeedDrain;
      },
      write: (command) => void (call.writable && call.write(command)),
      end: () => call.end(),
    };
    let caller: Caller | undefined;
    call.on('data', (command: TelemetryCommand) => {
      try {
        // once a stream: it listens to the stream's end, and settings come for as long as the client lives
        caller ??= callerOf(call);
        sessions.said(command, caller, stream);
      } catch (error) {
        this.failed(call, this.refusal('Telemetry', error));
      }
    });
    const ended = (): void => sessions.ended(caller?.clientId ?? '', stream);
    call.on('end', () => {
      ended();
      call.end();
    });
    call.on('cancelled', ended);
    call.on('error', ended);
    call.on('close', ended);
  }

  /** A telemetry stream has no place for a status of its own: it ends with one of gRPC's. */
  private failed(call: ServerDuplexStream<object, object>, { code, message }: Status): void {
    const theCallers = code >= Code.BAD_REQUEST && code < Code.INTERNAL_SERVER_ERROR;
    const grpc = theCallers ? GrpcStatus.INVALID_ARGUMENT : GrpcStatus.INTERNAL;
    call.emit('error', { code: grpc, details: `${code}: ${message}` });
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

/**
 * A telemetry stream lives as long as its client, and the Java client says so by a timeout of centuries. The library counts
 * in 32 bits, so that it would be over at once: its timer is stopped before it runs.
 */
function withoutEnd(
  { path }: { readonly path: string },
  call: ServerInterceptingCallInterface,
): ServerInterceptingCall {
  if (path.endsWith('/Telemetry')) clearTimeout((call as Timed).deadlineTimer);
  return new ServerInterceptingCall(call);
}

type Timed = ServerInterceptingCallInterface & { readonly deadlineTimer?: NodeJS.Timeout };

function serviceDefinition(): ServiceDefinition {
  const definition = loadSync('apache/rocketmq/v2/service.proto', {
    includeDirs: [PROTO],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = definition[SERVICE];
  if (!service || 'format' in service) throw new Error(`${PROTO} has no ${SERVICE}`);
  return service;
}

/** @throws Refusal CLIENT_ID_REQUIRED */
function callerOf(call: Call): Caller {
  const header = (name: string): string => String(call.metadata.get(name)[0] ?? '');
  const clientId = header('x-mq-client-id');
  if (clientId.trim() === '') throw new Refusal('CLIENT_ID_REQUIRED', 'the header x-mq-client-id is missing');
  const address = call.getPeer();
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  return {
    clientId,
    language: languageOf(header('x-mq-language')),
    version: header('x-mq-client-version'),
    host: parseHost(address),
    address,
    remainingMs: remaining(call.getDeadline()),
    gone: gone.signal,
  };
}

/** A deadline is of the caller's time, which no test moves. */
function remaining(deadline: Date | number): number | undefined {
  const at = Number(deadline);
  return Number.isFinite(at) ? Math.max(0, at - systemClock.now()) : undefined;
}
