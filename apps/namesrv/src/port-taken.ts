import { ListenError } from '@halfmq/remoting';
import type { NamesrvConfig } from './config/settings.js';

/** Says of a failed start which port it was, who asked for it and how to choose another; other errors pass unchanged. */
export function portTaken(error: unknown, { bindAddress, listenPort }: NamesrvConfig): unknown {
  if (!(error instanceof ListenError) || error.code !== 'EADDRINUSE') return error;
  return new Error(
    `port ${listenPort} on ${bindAddress} is taken: the name server asked for it (listenPort; --port chooses another)`,
    { cause: error },
  );
}
