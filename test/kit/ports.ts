import { createServer } from 'node:net';

/**
 * A TCP port that is free now on loopback, its neighbour two below (the broker's VIP port) too. Two processes may
 * still race for it; launchers retry with another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await probe(0);
    if (port > 1026 && (await probe(port - 2)) === port - 2) return port;
  }
}

function probe(port: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(-1));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : -1));
    });
  });
}
