import { connect, type Socket } from 'node:net';
import type { Clock } from './clock.js';
import type { Body, Command } from './command.js';
import { HandlerTable } from './handlers.js';
import type { Log } from './log.js';
import { RemotingError } from './remoting-error.js';
import type { RequestSpec } from './request-spec.js';
import { TcpConnection } from './tcp-connection.js';
import { within } from './within.js';

export interface RemotingClientOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** requests of the other side: check-backs (39), member changes (40), ... */
  readonly handlers?: HandlerTable | undefined;
  /** 3 s by default */
  readonly connectTimeoutMs?: number | undefined;
  /** the version every frame says, CURRENT_VERSION by default */
  readonly version?: number | undefined;
  readonly frameLimit?: number | undefined;
  /** closes a connection after this long without a byte in either direction, 120 s by default */
  readonly idleMs?: number | undefined;
}

const CONNECT_TIMEOUT_MS = 3_000;

/** Asks any number of servers, over one connection an address, made when it is first needed. */
export class RemotingClient {
  private readonly connected = new Map<string, TcpConnection>();
  private readonly connecting = new Map<string, Promise<TcpConnection>>();
  private readonly sockets = new Set<Socket>();
  private readonly listeners: ((address: string, reason: string) => void)[] = [];
  private readonly handlers: HandlerTable;
  private closed = false;

  constructor(private readonly options: RemotingClientOptions) {
    this.handlers = options.handlers ?? new HandlerTable();
  }

  /**
   * Resolves with the answer, whatever its code.
   * @param address `host:port`
   * @param options.timeoutMs from now to the answer, connecting included
   * @throws RemotingError
   */
  request<H>(
    address: string,
    spec: RequestSpec<H>,
    header: H,
    body: Body | undefined,
    options: { readonly timeoutMs: number },
  ): Promise<Command> {
    const connection = this.connected.get(address);
    if (connection) return connection.request(spec, header, body, options);
    return this.connectAndRequest(address, spec, header, body, options.timeoutMs);
  }

  /**
   * Resolves when it is on its way.
   * @throws RemotingError when there is no connection, or the other side does not read
   */
  async oneWay<H>(address: string, spec: RequestSpec<H>, header: H, body?: Body): Promise<void> {
    const connection = this.connected.get(address) ?? (await this.connection(address));
    if (connection.oneWay(spec, header, body)) return;
    throw new RemotingError('closed', address, `${spec.name} was not sent: the connection takes no more`);
  }

  /** Hears of every connection that ends, whoever ended it. */
  onDisconnect(listener: (address: string, reason: string) => void): void {
    this.listeners.push(listener);
  }

  /** The next request makes a new one. */
  closeConnection(address: string, reason: string): void {
    this.connected.get(address)?.close(reason);
  }

  /** Rejects what waits for answers, ends every connection; resolves when the sockets are gone. */
  async close(): Promise<void> {
    this.closed = true;
    const connections = [...this.connected.values()];
    for (const connection of connections) connection.close('the client is closing');
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(connections.map((connection) => connection.gone));
    await Promise.allSettled(this.connecting.values());
  }

  private async connectAndRequest<H>(
    address: string,
    spec: RequestSpec<H>,
    header: H,
    body: Body | undefined,
    timeoutMs: number,
  ): Promise<Command> {
    const { clock } = this.options;
    const deadline = clock.monotonic() + timeoutMs;
    const connecting = this.connection(address);
    if (!(await within(clock, timeoutMs, connecting)))
      throw new RemotingError('connect', address, `no connection within ${timeoutMs} ms`);
    const connection = await connecting;
    return connection.request(spec, header, body, { timeoutMs: Math.max(1, deadline - clock.monotonic()) });
  }

  private connection(address: string): Promise<TcpConnection> {
    const begun = this.connecting.get(address);
    if (begun) return begun;
    const connecting = this.connect(address).finally(() => this.connecting.delete(address));
    this.connecting.set(address, connecting);
    return connecting;
  }

  private async connect(address: string): Promise<TcpConnection> {
    if (this.closed) throw new RemotingError('closed', address, 'the client is closed');
    const socket = connect({ ...splitAddress(address), noDelay: true, keepAlive: true });
    this.sockets.add(socket);
    try {
      await this.established(socket, address);
    } finally {
      this.sockets.delete(socket);
    }
    const connection = new TcpConnection(socket, {
      ...this.options,
      handlers: this.handlers,
      endsInSilence: true,
      gathers: true,
    });
    this.connected.set(address, connection);
    connection.onClose((reason) => {
      this.connected.delete(address);
      for (const listener of this.listeners) listener(address, reason);
    });
    return connection;
  }

  private established(socket: Socket, address: string): Promise<void> {
    const limit = this.options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.after(limit, () =>
        socket.destroy(new Error(`no connection within ${limit} ms`)),
      );
      const fail = (detail: string, options?: ErrorOptions): void => {
        cancel();
        reject(new RemotingError('connect', address, detail, options));
      };
      const onError = (error: Error): void => fail(error.message || String(error), { cause: error });
      const onClose = (): void => fail('the client is closing');
      socket.once('error', onError);
      socket.once('close', onClose);
      socket.once('connect', () => {
        cancel();
        socket.off('error', onError);
        socket.off('close', onClose);
        resolve();
      });
    });
  }
}

/** @throws RemotingError when the text is no `host:port` */
function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, '');
  if (host === '' || !Number.isInteger(port) || port <= 0 || port > 65535) {
    throw new RemotingError('connect', address, 'address expected as host:port');
  }
  return { host, port };
}
