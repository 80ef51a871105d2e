import { hostOf, type Host } from '@halfmq/remoting';
import type { FastifyRequest } from 'fastify';

/** Who sent a message by HTTP. */
export function bornHostOf({ socket: { remoteAddress = '127.0.0.1', remotePort } }: FastifyRequest): Host {
  return hostOf(remoteAddress, remotePort);
}
