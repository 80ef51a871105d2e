import { spawnSync } from 'node:child_process';
import type { Socket } from 'node:net';

/** What the small clients of other brokers have in common. */

export const BODY = Buffer.alloc(1024, 'x');

export const isInstalled = (command: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** Sends a request before a load, and waits until its answer holds `expected`. @throws Error with the answer */
export async function ask(socket: Socket, request: string | Buffer, expected: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      answer = Buffer.concat([answer, chunk]);
      if (!answer.includes(expected)) return;
      done();
      resolve(answer);
    };
    const fail = (): void => {
      done();
      reject(new Error(`asked for ${expected}, answered ${answer.toString('latin1')}`));
    };
    const timer = setTimeout(fail, 10_000);
    const done = (): void => {
      clearTimeout(timer);
      socket.off('data', take).off('close', fail);
    };
    socket.on('data', take).once('close', fail);
    if (request.length > 0) socket.write(request);
  });
}

/** Counts answers of a text protocol by a byte that each has so many times. */
export class MarkCounter {
  private readonly mark: number;
  private marks = 0;

  constructor(
    mark: string,
    private readonly each: number,
    private readonly refusal: RegExp,
  ) {
    this.mark = mark.charCodeAt(0);
  }

  take(chunk: Buffer): number {
    // looked at in the beginning of each read: what refuses one request of a load refuses all
    const first = chunk.toString('latin1', 0, 200);
    if (this.refusal.test(first)) throw new Error(`refused: ${first}`);
    for (const byte of chunk) if (byte === this.mark) this.marks++;
    const count = Math.floor(this.marks / this.each);
    this.marks -= count * this.each;
    return count;
  }
}
