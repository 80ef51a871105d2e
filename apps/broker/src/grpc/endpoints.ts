import { isIPv4, isIPv6 } from 'node:net';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Endpoints } from './contract.js';

export type Advertising = Pick<BrokerConfig, 'brokerIP1' | 'grpcAdvertisedEndpoint'>;

/** HOST:PORT by which others reach the door on this port. */
export const advertised = ({ brokerIP1, grpcAdvertisedEndpoint }: Advertising, port: number): string =>
  grpcAdvertisedEndpoint || `${brokerIP1}:${port}`;

/** @param place HOST:PORT, an IPv6 address in brackets */
export function endpointsAt(place: string): Endpoints {
  const colon = place.lastIndexOf(':');
  const host = place.slice(0, colon).replace(/^\[|\]$/g, '');
  const scheme = isIPv4(host) ? 'IPv4' : isIPv6(host) ? 'IPv6' : 'DOMAIN_NAME';
  return { scheme, addresses: [{ host, port: Number(place.slice(colon + 1)) }] };
}
