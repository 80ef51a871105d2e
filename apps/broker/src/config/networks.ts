import { isIP, isIPv4 } from 'node:net';
import type { Kind } from '@halfmq/remoting/settings';

export interface Network {
  readonly address: string;
  /** leading bits that count */
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `10.0.0.0/8, fd00::1`: the text stays the setting's value; `networksOf` reads it. */
export const networks: Kind<string> = {
  expected: 'addresses or networks such as 10.1.2.3 or fd00::/8, separated by commas',
  parse(value) {
    const read = networksOf(value);
    return read?.map(({ address, prefix }) => `${address}/${prefix}`).join(',');
  },
};

/** Undefined when one of them is none. An address alone is a network of its own. */
export function networksOf(value: string): readonly Network[] | undefined {
  const read: Network[] = [];
  for (const word of value.split(/[;,\s]+/)) {
    if (word === '') continue;
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(word) ?? [];
    if (isIP(address) === 0 || address.includes('%')) return undefined;
    const most = isIPv4(address) ? 32 : 128;
    const prefix = bits === undefined ? most : Number(bits);
    if (prefix > most) return undefined;
    read.push({ address, prefix, family: most === 32 ? 'ipv4' : 'ipv6' });
  }
  return read;
}
