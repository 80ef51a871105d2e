import { homedir, hostname, networkInterfaces } from 'node:os';

/** What defaults are made of: the machine, as far as settings care. */
export interface HostFacts {
  readonly hostName: string;
  readonly home: string;
  /** Addresses that other machines may reach, IPv4 before IPv6; loopback and link-local ones left out. */
  readonly addresses: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export function hostFacts(env: NodeJS.ProcessEnv): HostFacts {
  const reachable = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && !/^(169\.254\.|fe80:)/i.test(entry.address));
  const family = (wanted: 'IPv4' | 'IPv6'): string[] =>
    reachable.filter((entry) => entry.family === wanted).map((entry) => entry.address);
  return { hostName: hostname(), home: homedir(), addresses: [...family('IPv4'), ...family('IPv6')], env };
}
