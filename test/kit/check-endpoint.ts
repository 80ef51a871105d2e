import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a broker asks a check URL. */
export interface AskedByUrl {
  readonly id: string;
  readonly group: string;
  readonly checks: number;
  readonly messages: readonly {
    readonly messageId: string;
    readonly topic: string;
    readonly body?: string;
  }[];
}

/** A service behind a check URL, which answers what the test wants. */
export class CheckEndpoint {
  readonly asked: AskedByUrl[] = [];
  status = 200;
  /** of its answer; undefined: it never answers */
  body: string | undefined = '{"verdict":"unknown"}';
  headers: Readonly<Record<string, string>> = {};
  /** asked before it answers */
  before: () => Promise<unknown> = () => Promise.resolve();
  private server: Server | undefined;

  static async start(port = 0): Promise<CheckEndpoint> {
    const endpoint = new CheckEndpoint();
    await endpoint.listen(port);
    return endpoint;
  }

  async listen(port = 0): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.asked.push(JSON.parse(Buffer.concat(chunks).toString()) as AskedByUrl);
        void this.before().then(() => {
          if (this.body !== undefined) response.writeHead(this.status, this.headers).end(this.body);
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/check`;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    if (server) await new Promise((resolve) => void server.close(resolve));
  }
}
