import { createServer, type AddressInfo, type Server } from 'node:net';
import { channels } from './channels.js';
import type { ConnectionOptions } from './connection-options.js';
import type { Connection } from './connection.js';
import { SharedRead } from './shared-read.js';
import { Unread } from './socket-writer.js';
import { TcpConnection } from './tcp-connection.js';
import { Unfinished } from './unfinished.js';
import { within } from './within.js';

/** A port could not be opened. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(
    readonly port: number,
    readonly host: string | undefined,
    /** the system's: EADDRINUSE, EACCES, EADDRNOTAVAIL, ... */
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`cannot listen on ${host ?? '*'}:${port}: ${LISTEN_ERRORS.get(code) ?? code}`, options);
  }
}

const LISTEN_ERRORS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another process listens there'],
  ['EACCES', 'ports below 1024 need a privileged user'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'this host name is unknown'],
]);

const GRACE_MS = 3_000;

export type RemotingServerOptions = ConnectionOptions;

/** Accepts connections on one or more ports and serves their requests from one table. */
export class RemotingServer {
  private readonly listening: Server[] = [];
  private readonly accepted = new Set<TcpConnection>();
  private readonly unread = new Unread();
  private readonly unfinished: Unfinished;
  private readonly read = new SharedRead();

  constructor(private readonly options: RemotingServerOptions) {
    this.unfinished = options.unfinished ?? new Unfinished();
  }

  get connections(): ReadonlySet<Connection> {
    return this.accepted;
  }

  /**
   * May be called for several ports.
   * @param port 0: a free one is chosen
   * @param host every address of this machine by default
   * @returns the port
   * @throws ListenError
   */
  listen(port: number, host?: string): Promise<number> {
    const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (accepted) => {
      const socket = this.read.socketOf(accepted);
      if (channels.accepted.hasSubscribers) channels.accepted.publish({ socket });
      const { unread, unfinished } = this;
      const connection = new TcpConnection(socket, { ...this.options, unread, unfinished });
      this.accepted.add(connection);
      connection.onClose(() => this.accepted.delete(connection));
    });
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(new ListenError(port, host, error.code ?? error.message, { cause: error })),
      );
      server.listen({ port, host }, () => {
        server.removeAllListeners('error');
        // accept() fails when the process has no file descriptors left; the server goes on when some are free
        server.on('error', (error) =>
          this.options.log.error('accepting a connection failed', { port, error }),
        );
        this.listening.push(server);
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Stops accepting and reading, lets the requests taken be answered, then closes.
   * @param options.graceMs how long answers may take; then connections end without them
   */
  async close({ graceMs = GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    const closed = this.listening
      .splice(0)
      .map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    const connections = [...this.accepted];
    const gone = Promise.all(connections.map((connection) => connection.gone));
    for (const connection of connections) connection.drain('the server is stopping');
    await within(this.options.clock, graceMs, gone);
    for (const connection of connections) connection.destroy('the server is stopping');
    await gone;
    await Promise.all(closed);
  }
}
