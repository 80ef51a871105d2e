import { createServer } from 'node:net';
import { ShopError } from './settings.js';

/** Whether somebody listens on the port already. Asked of all interfaces, as the shop's servers do. */
function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}

export function freePort(): Promise<number> {
  return listenOnce(0, '0.0.0.0');
}

/**
 * The port itself, or a free one for 0.
 * @throws ShopError naming the port, what wanted it and how to give another one.
 */
export async function claimPort(port: number, wantedBy: string, variable: string): Promise<number> {
  try {
    // Somebody on one address is no conflict for another address everywhere: BSD and macOS let both listen.
    const found = await listenOnce(port, '127.0.0.1');
    return await listenOnce(found, '0.0.0.0');
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const why = taken ? 'is taken by another process' : `cannot be opened (${String(error)})`;
    throw new ShopError(
      `Port ${port} for the ${wantedBy} ${why}. Stop that process, or choose another port: ${variable}=${port + 1} (0 = any free port).`,
    );
  }
}
