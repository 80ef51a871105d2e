import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/*
 * Ports that a test must know before somebody listens on them, or keeps over a restart. They lie below the range that
 * the system gives to outgoing connections and to port 0 (32768 and up on Linux), and each worker of the test runner
 * has a part of its own, so that nobody takes one between the look and the start. All are multiples of four: the
 * broker's VIP port, two below its own, is never one that was given out as well.
 */
const FIRST = 20_000;
const PARTS = 4;
const PART = 3_000;
const STEP = 4;

const part = FIRST + (Number(process.env.JEST_WORKER_ID ?? process.pid) % PARTS) * PART;
let next = randomInt(PART / STEP);

/** A TCP port that is free now on loopback, its neighbour two below (the broker's VIP port) too. */
export async function freePort(): Promise<number> {
  for (let looked = 0; looked < PART / STEP; looked++) {
    const port = part + (next++ % (PART / STEP)) * STEP;
    if ((await isFree(port)) && (await isFree(port - 2))) return port;
  }
  throw new Error(`no port is free between ${part} and ${part + PART}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
