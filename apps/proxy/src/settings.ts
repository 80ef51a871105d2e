import { networkInterfaces } from 'node:os';
import {
  addresses,
  endpoint,
  port,
  resolve,
  setting,
  text,
  whole,
  type Setting,
  type Settings as SettingsOf,
  type Sources,
  type ValuesOf,
} from '@halfmq/remoting/settings';

const MiB = 1024 * 1024;

/** Under the names that the same settings have at a broker. */
export const SETTINGS = {
  namesrvAddr: setting(addresses, '', 'name servers that know the brokers'),
  grpcServerPort: setting(port, 8081, 'gRPC, with and without TLS; 0: any free one'),
  bindAddress: setting(text, '0.0.0.0', 'the address it listens on'),
  httpPort: setting(port, 8080, 'REST and health; 0 = off'),
  httpHost: setting(text, '127.0.0.1', 'the address of that door'),
  grpcAdvertisedEndpoint: setting(
    endpoint,
    '',
    'HOST:PORT at which clients reach it from where they are; empty: where they came to',
  ),
  tlsServerKeyPath: setting(
    text,
    '',
    'private key (PEM); empty: one is made at each start when it is first asked for',
  ),
  tlsServerCertPath: setting(text, '', 'its certificate chain (PEM)'),
  maxMessageSize: setting(whole(1, 16 * MiB), 4 * MiB, 'bytes of a body, told to clients'),
  timerMaxDelaySec: setting(whole(1), 259_200, 'the longest delay of a message'),
  shutdownWaitTimeSeconds: setting(
    whole(0),
    20,
    'how long what is under way may still be answered when it stops',
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type ProxyConfig = ValuesOf<typeof SETTINGS>;
export type Settings = SettingsOf<ProxyConfig>;

const PROXY = {
  called: 'proxy',
  /** a broker's are HALFMQ_…, and may stand in the same environment */
  prefix: 'HALFMQ_PROXY_',
  settings: SETTINGS,
  acceptedNames: new Set<string>(),
};

/**
 * Option > HALFMQ_PROXY_* variable > file > default.
 * @throws ConfigError in one line
 */
export function resolveSettings(sources: Sources = {}): Settings {
  return resolve(PROXY, sources, undefined);
}

/** By which others may reach this machine: clients that do not say how they did are told it. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
