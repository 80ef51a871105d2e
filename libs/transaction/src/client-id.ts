import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';

/** The first address others can reach, IPv4 before IPv6; 127.0.0.1 when there is none. */
function localIp(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter((one) => !one.internal && !one.address.startsWith('fe80'));
  return (outside.find((one) => one.family === 'IPv4') ?? outside[0])?.address ?? '127.0.0.1';
}

/**
 * `ip@instance`: what brokers and members of a group tell clients apart by. Two clients of one id in one group would
 * be given the same queues, so an instance without a name gets one of its own.
 */
export function makeClientId(instanceName?: string): string {
  return `${localIp()}@${instanceName ?? `${process.pid}#${randomBytes(6).toString('hex')}`}`;
}
