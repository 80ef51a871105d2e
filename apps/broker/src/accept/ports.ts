import { createServer, type AddressInfo } from 'node:net';
import { ListenError } from '@halfmq/remoting';

/** A port that could not be opened, in one line: which, who asked for it, by which option, why. */
export class PortError extends Error {
  override readonly name = 'PortError';

  constructor(
    readonly port: number,
    asker: string,
    option: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${code})`;
    super(`port ${port} ${why}: the broker's ${asker} asks for it, set ${option} to another one`, options);
  }
}

/** @param vip true when the port is the second one, listenPort - 2 */
export function remotingPortError(error: unknown, vip: (port: number) => boolean): unknown {
  if (!(error instanceof ListenError)) return error;
  const asker = vip(error.port) ? 'VIP channel (listenPort - 2)' : 'remoting door';
  return new PortError(error.port, asker, 'listenPort', error.code, { cause: error });
}

/** A free port, held until released, so that it is known before anything else starts. */
export function reservePort(host: string): Promise<{ port: number; release(): Promise<void> }> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host }, () => {
      const { port } = server.address() as AddressInfo;
      const release = (): Promise<void> => new Promise((done) => server.close(() => done()));
      resolve({ port, release });
    });
  });
}
