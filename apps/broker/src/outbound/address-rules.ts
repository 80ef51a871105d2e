import { BlockList, isIP } from 'node:net';
import { parseHost } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { networksOf } from '../config/networks.js';

/**
 * Nobody names these for a service of his: an address of a cloud's metadata (169.254.169.254, fd00:ec2::254,
 * 100.100.100.200, 168.63.129.16) answers whoever asks with the machine's own credentials; the others are of this link
 * alone, or no address of anybody.
 */
const NEVER =
  '0.0.0.0/8,100.100.100.200,168.63.129.16,169.254.0.0/16,192.0.0.0/24,224.0.0.0/4,240.0.0.0/4,' +
  '::/128,fd00:ec2::/32,fe80::/10,fec0::/10,ff00::/8,2001::/32,2002::/16';
const PRIVATE =
  '10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,172.16.0.0/12,192.168.0.0/16,198.18.0.0/15,::1/128,fc00::/7';
const LOOPBACK = '127.0.0.0/8,::1';
const NAT64 = Buffer.from('0064ff9b0000000000000000', 'hex');

type RuleSettings = Pick<BrokerConfig, 'httpHost' | 'outboundAllow' | 'outboundDeny'>;

/**
 * Which addresses the broker may call over HTTP. What is told an address by others must not become their way to what
 * only this machine can reach: private and loopback addresses are for a broker whose own HTTP door is for this machine
 * alone, or for those an operator allows.
 */
export class AddressRules {
  private readonly allowed: BlockList;
  private readonly denied: BlockList;
  private readonly never = listOf(NEVER);
  private readonly private = listOf(PRIVATE);
  private readonly doorIsLocal: boolean;

  constructor(config: RuleSettings) {
    const { httpHost } = config;
    this.allowed = listOf(config.outboundAllow);
    this.denied = listOf(config.outboundDeny);
    this.doorIsLocal = httpHost === 'localhost' || (isIP(httpHost) !== 0 && has(listOf(LOOPBACK), httpHost));
  }

  /** Why this address (IPv4 or IPv6, as a resolver gives it) is not called; undefined: it may be. */
  refusal(address: string): string | undefined {
    const ip = embedded(address);
    if (has(this.denied, ip)) return `${address} is denied by outboundDeny`;
    if (has(this.allowed, ip)) return undefined;
    if (has(this.never, ip))
      return `${address} is an address of this link, of a cloud's metadata or of nobody: it is called only when outboundAllow names it`;
    if (!this.doorIsLocal && has(this.private, ip))
      return `${address} is a private address: it is called only when outboundAllow names it, or while the HTTP door listens on loopback (httpHost)`;
    return undefined;
  }
}

function listOf(networks: string): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networksOf(networks) ?? [])
    list.addSubnet(address, prefix, family);
  return list;
}

function has(list: BlockList, address: string): boolean {
  return list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** The IPv4 address that an IPv6 one stands for (mapped, or behind NAT64): rules are about where a connection ends. */
function embedded(address: string): string {
  const { address: bytes } = parseHost(`[${address}]:0`);
  if (bytes.length === 4) return bytes.join('.');
  return bytes.subarray(0, 12).equals(NAT64) ? bytes.subarray(12).join('.') : address.replace(/%.*$/, '');
}
