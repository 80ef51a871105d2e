import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Identity } from './server.js';

const VALID_MS = 20 * 365 * 86_400_000;

export type Identifying = Pick<
  BrokerConfig,
  'tlsServerKeyPath' | 'tlsServerCertPath' | 'storePathRootDir' | 'brokerIP1' | 'brokerName'
>;

/**
 * Who this door is for those who speak TLS: files of the operator's, or one that it signs itself, once, and keeps; a new one
 * each time where there is no folder to keep it in.
 */
export async function identityOf(config: Identifying): Promise<Identity> {
  const { tlsServerKeyPath, tlsServerCertPath } = config;
  if (tlsServerKeyPath !== '' || tlsServerCertPath !== '') return given(tlsServerKeyPath, tlsServerCertPath);
  if (config.storePathRootDir === '') return made(config);
  const folder = join(config.storePathRootDir, 'tls');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  return (await kept(key, cert)) ?? keep({ folder, key, cert }, await made(config));
}

/** @throws Error that names the settings: a door that showed another certificate would surprise */
async function given(key: string, cert: string): Promise<Identity> {
  const settings = `tlsServerKeyPath=${key} and tlsServerCertPath=${cert}`;
  const identity = await read(key, cert).catch((error: Error) => {
    throw new Error(`${settings} cannot be read: ${error.message}`, { cause: error });
  });
  if (fits(identity)) return identity;
  throw new Error(`${settings} do not belong together`);
}

function fits({ key, cert }: Identity): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

async function read(key: string, cert: string): Promise<Identity> {
  return { key: await readFile(key), cert: await readFile(cert) };
}

/** Undefined when there is none, or not the whole of it: a kill came between. */
async function kept(key: string, cert: string): Promise<Identity | undefined> {
  try {
    const identity = await read(key, cert);
    return fits(identity) ? identity : undefined;
  } catch {
    return undefined;
  }
}

async function made({ brokerIP1, brokerName }: Identifying): Promise<Identity> {
  const { generate } = await import('selfsigned');
  // of the clients' time, which no test moves
  const notAfterDate = new Date(systemClock.now() + VALID_MS);
  const pems = await generate([{ name: 'commonName', value: brokerName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: brokerIP1 },
        ],
      },
    ],
  });
  return { key: Buffer.from(pems.private), cert: Buffer.from(pems.cert) };
}

async function keep(
  { key, cert, folder }: Record<'key' | 'cert' | 'folder', string>,
  identity: Identity,
): Promise<Identity> {
  await mkdir(folder, { recursive: true });
  await writeWhole(key, identity.key);
  await writeWhole(cert, identity.cert);
  return identity;
}

async function writeWhole(path: string, pem: Buffer): Promise<void> {
  await writeFile(`${path}.new`, pem, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
