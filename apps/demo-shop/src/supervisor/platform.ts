import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.js';
import type { Fleet } from './fleet.js';
import { claimPort, freePort } from './ports.js';
import type { ProcessSpec } from './supervised-process.js';
import type { ShopSettings } from './settings.js';

const READY = /boot success/;

/** Ports of this run, claimed before anything starts, so that a taken one is one clear line and not a half-started shop. */
export interface Ports {
  readonly nameServer: number;
  readonly broker: number;
  readonly brokerHttp: number;
  readonly postgres: number;
  readonly order: number;
  readonly shipping: number;
}

export async function claimPorts(settings: ShopSettings): Promise<Ports> {
  const { ports, nameServers } = settings;
  const ours = nameServers === undefined;
  return {
    order: await claimPort(settings.port, 'order service', 'HALFMQ_SHOP_PORT'),
    nameServer: ours ? await claimPort(ports.nameServer, 'name server', 'HALFMQ_NAMESRV_PORT') : 0,
    broker: ours ? await claimPort(ports.broker, 'broker', 'HALFMQ_BROKER_PORT') : 0,
    brokerHttp: ours ? await claimHttpPort(settings) : 0,
    postgres: await freePort(),
    shipping: await freePort(),
  };
}

/** 8080 is a popular port; the shop needs no HTTP door of its broker, unless its user asked for one. */
async function claimHttpPort({ ports, log }: ShopSettings): Promise<number> {
  try {
    return await claimPort(ports.brokerHttp, "broker's HTTP door", 'HALFMQ_HTTP_PORT');
  } catch (error) {
    if (ports.brokerHttpWanted) throw error;
    log(
      `Port ${ports.brokerHttp} is taken: the broker's HTTP door stays closed. HALFMQ_HTTP_PORT opens it elsewhere.`,
    );
    return 0;
  }
}

/** Starts what the shop stands on; answers the address of the name server. */
export async function startMessaging(
  fleet: Fleet,
  settings: ShopSettings,
  folder: DataFolder,
  ports: Ports,
): Promise<string> {
  if (settings.nameServers !== undefined) return settings.nameServers;
  const address = `127.0.0.1:${ports.nameServer}`;
  const command = (name: string, where: string, args: string[]): ProcessSpec => ({
    name,
    args: [settings.cliPath, ...args],
    env: withoutOurs,
    where,
    logFile: join(folder.path, 'logs', `${name.replace(' ', '-')}.log`),
    readyLine: READY,
  });
  const file = join(folder.path, 'broker.properties');
  await writeFile(file, brokerProperties(folder, ports));
  const door = brokerDoor(settings, ports);
  const where = `127.0.0.1:${ports.broker}, ${door === null ? 'HTTP door closed' : `HTTP ${door}`}`;
  await Promise.all([
    fleet.start(command('name server', address, ['namesrv', '--port', String(ports.nameServer)])),
    fleet.start(command('broker', where, ['broker', '-n', address, '-c', file])),
  ]);
  return address;
}

/** Address of the HTTP door of the shop's own broker; null when there is none. */
export function brokerDoor({ nameServers }: ShopSettings, { brokerHttp }: Ports): string | null {
  return nameServers !== undefined || brokerHttp === 0 ? null : `http://localhost:${brokerHttp}`;
}

/** Variables meant for the shop, or for another broker, must not reach this one over its file. */
export function withoutOurs(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HALFMQ_')));
}

/**
 * Checks, retries and registrations come quickly here: the demo kills a producer, the database under a handler, or the
 * name server, and shows within seconds what becomes of it.
 */
function brokerProperties(folder: DataFolder, ports: Ports): string {
  const properties = {
    brokerName: 'shop-broker',
    brokerIP1: '127.0.0.1',
    listenPort: ports.broker,
    httpPort: ports.brokerHttp,
    // nobody in the shop speaks it
    grpcServerPort: 0,
    storePathRootDir: join(folder.path, 'broker'),
    transactionTimeOut: 2000,
    transactionCheckInterval: 1000,
    registerNameServerPeriod: 2000,
    messageDelayLevel: '1s 1s 1s 1s 2s 2s 3s 3s 5s 5s 5s 5s 10s 10s 10s 10s 10s 10s',
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  return lines.join('').replaceAll('\\', '/');
}

/** Starts the embedded PostgreSQL, unless a server was named; answers the server's address. */
export async function startDatabase(
  fleet: Fleet,
  settings: ShopSettings,
  folder: DataFolder,
  ports: Ports,
): Promise<string> {
  if (settings.databaseUrl !== undefined) return settings.databaseUrl;
  const script = new URL('../../dist/supervisor/postgres-keeper.js', import.meta.url).pathname;
  const keeping = folder.throwaway ? 'throwaway' : 'kept';
  await fleet.start({
    name: 'PostgreSQL',
    args: [script, join(folder.path, 'postgres'), String(ports.postgres), keeping],
    env: () => process.env,
    where: `127.0.0.1:${ports.postgres}`,
    logFile: join(folder.path, 'logs', 'postgres.log'),
  });
  return `postgres://postgres@127.0.0.1:${ports.postgres}/postgres`;
}
