import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { systemClock } from '@halfmq/remoting';

/** What a connection suffers, from now on. */
export interface Weather {
  /** ms between what is read and what is passed on */
  readonly delayMs?: number;
  /** what is passed on is cut into pieces of so many bytes at most */
  readonly pieceBytes?: number;
  /** ms of rest after each piece */
  readonly restMs?: number;
}

/** A way to a server on which connections fare badly: slow, in small pieces, reset, or silent without an end. */
export class BadNetwork {
  private readonly sockets = new Set<Socket>();
  private weather: Weather = {};
  /** those of half-open connections */
  private readonly lost = new WeakSet<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  /** @param address `host:port` of the server, on this machine */
  static async before(address: string): Promise<BadNetwork> {
    const server = createServer({ noDelay: true });
    const network = new BadNetwork(server, Number(address.slice(address.lastIndexOf(':') + 1)));
    server.on('connection', (client) => network.join(client));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  /** `host:port` of this way. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  becomes(weather: Weather): void {
    this.weather = weather;
  }

  /** Every connection is reset, whatever was on its way. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Connections there are pass nothing any more, no byte and no end: both sides have half of one and do not know. */
  lose(): void {
    for (const socket of this.sockets) this.lost.add(socket);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.port, noDelay: true });
    this.pass(client, server);
    this.pass(server, client);
  }

  private pass(from: Socket, to: Socket): void {
    this.sockets.add(from);
    let last = Promise.resolve();
    const then = (act: () => Promise<void> | void): void => void (last = last.then(act));
    from.on('data', (chunk) => then(() => this.carry(chunk, to)));
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      then(() => {
        if (!this.lost.has(to)) to.destroy();
      });
    });
  }

  private async carry(chunk: Buffer, to: Socket): Promise<void> {
    const { delayMs = 0, pieceBytes = chunk.length, restMs = 0 } = this.weather;
    if (delayMs > 0) await passed(delayMs);
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      if (to.destroyed || this.lost.has(to)) return;
      to.write(chunk.subarray(at, at + pieceBytes));
      if (restMs > 0) await passed(restMs);
    }
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve));
}
