import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoints } from './contract.js';

/** @param place HOST:PORT, an IPv6 address in brackets */
export function endpointsAt(place: string): Endpoints {
  const colon = place.lastIndexOf(':');
  const host = place.slice(0, colon).replace(/^\[|\]$/g, '');
  const scheme = isIPv4(host) ? 'IPv4' : isIPv6(host) ? 'IPv6' : 'DOMAIN_NAME';
  return { scheme, addresses: [{ host, port: Number(place.slice(colon + 1)) }] };
}
