import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface PushedTo {
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** What is answered: a status, and headers; undefined: nothing, ever. */
export interface PushAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service that messages are pushed to, and which answers what the test wants. */
export class PushEndpoint {
  readonly got: PushedTo[] = [];
  /** requests that wait for their answers */
  open = 0;
  mostAtOnce = 0;
  answer: (request: PushedTo) => PushAnswer | undefined | Promise<PushAnswer | undefined> = () => ({
    status: 204,
  });
  port = 0;
  private server: Server | undefined;

  static async start(): Promise<PushEndpoint> {
    const endpoint = new PushEndpoint();
    await endpoint.listen();
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  get bodies(): string[] {
    return this.got.map(({ body }) => body);
  }

  async listen(port = this.port): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', headers } = request;
        const got = { path, headers, body: Buffer.concat(chunks).toString() };
        this.got.push(got);
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.open);
        response.on('close', () => this.open--);
        void Promise.resolve(this.answer(got)).then((answer) => {
          if (answer) response.writeHead(answer.status, answer.headers).end();
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    if (server) await new Promise((resolve) => void server.close(resolve));
  }
}
