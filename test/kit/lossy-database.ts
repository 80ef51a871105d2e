import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to PostgreSQL that can lose the answer of the next COMMIT: the server commits, nobody hears of it. */
export class LossyDatabase {
  private readonly sockets = new Set<Socket>();
  private loseNext = false;

  private constructor(
    private readonly server: Server,
    /** the address with the host and port of this way */
    readonly url: string,
  ) {}

  static async before(url: string): Promise<LossyDatabase> {
    const { port, hostname } = new URL(url);
    const server = createServer((client) => lossy.join(client, connect(Number(port), hostname)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const way = new URL(url);
    way.port = String(typeof address === 'object' && address !== null ? address.port : 0);
    const lossy = new LossyDatabase(server, way.href);
    return lossy;
  }

  loseAnswerOfNextCommit(): void {
    this.loseNext = true;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket, database: Socket): void {
    let losing = false;
    client.on('data', (chunk) => {
      if (this.loseNext && chunk.includes('COMMIT')) {
        this.loseNext = false;
        losing = true;
      }
      database.write(chunk);
    });
    database.on('data', (chunk) => {
      if (losing) client.destroy();
      else client.write(chunk);
    });
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
