import { hostOf, type Host } from '@halfmq/remoting';
import type { Request } from 'express';

/** Who sent a message by HTTP. */
export function bornHostOf({ socket: { remoteAddress = '127.0.0.1', remotePort } }: Request): Host {
  return hostOf(remoteAddress, remotePort);
}
