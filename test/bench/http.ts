import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frames, Protocol } from './load.js';
import type { Measure } from './measure.js';
import type { Server as Measured } from './server.js';

/** What is asked of a broker's HTTP door, over connections that stay open. */

const MESSAGE = JSON.stringify({ body: 'x'.repeat(1_024), tag: 'TagA' });
const SEND = Buffer.from(
  'POST /v1/topics/bench/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n' +
    `content-length: ${MESSAGE.length}\r\n\r\n${MESSAGE}`,
);

/** A message of 1 KiB with a tag, as a JSON document. */
export const restSends = (): Frames => ({ template: SEND, patch: () => undefined });

const HEAD_END = '\r\n\r\n';

/** Answers with a content-length, which ours all have. */
class AnswerCounter {
  private text = '';
  /** bytes of the answer under way that are still to come */
  private missing = 0;

  take(chunk: Buffer): number {
    let count = 0;
    for (let at = 0; at < chunk.length;) {
      const step = Math.min(this.missing, chunk.length - at);
      at += step;
      this.missing -= step;
      if (this.missing > 0 || at === chunk.length) break;
      const kept = this.text.length;
      this.text += chunk.toString('latin1', at);
      const end = this.text.indexOf(HEAD_END);
      if (end < 0) break;
      this.missing = lengthIn(this.text.slice(0, end));
      this.text = '';
      at += end + HEAD_END.length - kept;
      count++;
    }
    return count;
  }
}

/** @throws Error at a refusal */
function lengthIn(head: string): number {
  if (!head.startsWith('HTTP/1.1 2')) throw new Error(`the broker refused: ${head.slice(0, 100)}`);
  return Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
}

/** What an answer's body brings is counted with its head: nothing is sent before it is whole but by other connections. */
export const HTTP: Protocol = { counter: () => new AnswerCounter() };

const PUSHED_BEFORE = 1_000;
const AT_ONCE = 64;
let groups = 0;

/** A new group is pushed what the topic holds: so many deliveries after the first thousand. */
export async function pushing(broker: Measured, total: number): Promise<Measure> {
  const endpoint = await Endpoint.start();
  const push = `http://127.0.0.1:${broker.port}/v1/groups/pushed-${groups++}/push`;
  try {
    const settings = { topic: 'bench', backurl: endpoint.url, concurrency: AT_ONCE };
    const answer = await fetch(push, {
      method: 'PUT',
      body: JSON.stringify(settings),
      headers: { 'content-type': 'application/json' },
    });
    // an older version
    if (answer.status === 404) return {};
    if (!answer.ok) throw new Error(`no push: ${await answer.text()}`);
    await endpoint.got(PUSHED_BEFORE);
    const before = { at: performance.now(), cpu: broker.cpuMicros(), main: broker.mainMicros() };
    await endpoint.got(PUSHED_BEFORE + total);
    const seconds = (performance.now() - before.at) / 1000;
    const cpuMicros = (broker.cpuMicros() - before.cpu) / total;
    return { perSecond: total / seconds, cpuMicros, mainMicros: (broker.mainMicros() - before.main) / total };
  } finally {
    await fetch(push, { method: 'DELETE' });
    await endpoint.stop();
  }
}

/** Takes whatever it is POSTed. */
class Endpoint {
  private count = 0;
  private wanted: { readonly count: number; readonly reached: () => void } | undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      request.resume();
      request.on('end', () => {
        response.writeHead(204).end();
        if (++this.count === this.wanted?.count) this.wanted.reached();
      });
    });
  }

  static async start(): Promise<Endpoint> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Endpoint(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  got(count: number): Promise<void> {
    return new Promise((reached) => {
      this.wanted = { count, reached };
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => void this.server.close(resolve));
  }
}
