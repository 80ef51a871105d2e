import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Log } from '@halfmq/remoting';
import { PortError } from '../accept/ports.js';
import type { BrokerConfig } from '../config/resolve-config.js';
import { identityOf, type Identifying } from './certificate.js';
import { listenFor, type Speaks } from './first-bytes.js';
import type { Methods } from './methods.js';
import type { GrpcServer, Identity } from './server.js';

export interface GrpcDoor {
  readonly port: number;
  /** Takes no more calls, answers those taken. */
  close(): Promise<void>;
}

export type DoorConfig = Identifying & Pick<BrokerConfig, 'grpcServerPort' | 'bindAddress'>;

export interface GrpcDoorOptions {
  readonly config: DoorConfig;
  readonly log: Log;
  /** how long calls taken may still be answered when the door closes */
  readonly graceMs: number;
  /** @param port that the door listens on */
  readonly methods: (port: number) => Promise<Methods>;
}

/** Who says nothing for so long after connecting is no client. */
const SILENT_MS = 30_000;
const HTTP1_ANSWER =
  'this is the gRPC door (grpcServerPort): it speaks HTTP/2. REST and health are at httpPort\n';

/**
 * The port for gRPC clients, with and without TLS: their first bytes tell. What speaks HTTP/2 is loaded with the first one.
 * @throws PortError, and what reading the operator's certificate throws
 */
export async function openGrpcDoor(options: GrpcDoorOptions): Promise<GrpcDoor> {
  const { config } = options;
  const { tlsServerKeyPath, tlsServerCertPath } = config;
  const isGiven = tlsServerKeyPath !== '' || tlsServerCertPath !== '';
  const identity = isGiven ? await identityOf(config) : undefined;
  const server = createServer({ pauseOnConnect: false });
  const port = await listen(server, config);
  const door = new Door(server, port, options, identity);
  server.on('connection', (socket) => door.take(socket));
  return door;
}

function listen(server: NetServer, { grpcServerPort: port, bindAddress }: DoorConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new PortError(port, 'gRPC door', 'grpcServerPort', error.code ?? 'unknown', { cause: error })),
    );
    server.listen(port, bindAddress, () => resolve((server.address() as AddressInfo).port));
  });
}

class Door implements GrpcDoor {
  private readonly sockets = new Set<Socket>();
  private loading: Promise<GrpcServer> | undefined;
  private identity: Promise<Identity> | undefined;
  private closing = false;

  constructor(
    private readonly server: NetServer,
    readonly port: number,
    private readonly options: GrpcDoorOptions,
    identity: Identity | undefined,
  ) {
    this.identity = identity && Promise.resolve(identity);
  }

  take(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.setTimeout(SILENT_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
    listenFor(socket, (what) => {
      socket.setTimeout(0);
      this.hand(socket, what).catch((error: unknown) => {
        this.options.log.error('a connection to the gRPC door cannot be served', { error });
        socket.destroy();
      });
    });
  }

  private async hand(socket: Socket, what: Speaks): Promise<void> {
    if (what === 'nothing known') return void socket.destroy();
    if (what === 'http1') {
      socket.write(http1(HTTP1_ANSWER));
      return socket.destroySoon();
    }
    const identity = what === 'tls' ? await this.known() : undefined;
    const server = await this.loaded();
    if (this.closing || socket.destroyed) return void socket.destroy();
    if (identity) server.takeSecure(socket, identity);
    else server.takePlain(socket);
  }

  private known(): Promise<Identity> {
    return (this.identity ??= identityOf(this.options.config));
  }

  private loaded(): Promise<GrpcServer> {
    return (this.loading ??= this.load());
  }

  private async load(): Promise<GrpcServer> {
    const [{ GrpcServer }, methods] = await Promise.all([
      import('./server.js'),
      this.options.methods(this.port),
    ]);
    return new GrpcServer(methods, this.options.log);
  }

  async close(): Promise<void> {
    this.closing = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const server = await this.loading;
    await server?.close(this.options.graceMs);
    // those that never said what they are, and those whose other side does not close
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

function http1(text: string): string {
  return [
    'HTTP/1.1 505 HTTP Version Not Supported',
    'content-type: text/plain',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    '',
    text,
  ].join('\r\n');
}
