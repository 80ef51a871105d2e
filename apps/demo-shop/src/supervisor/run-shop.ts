import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@halfmq/transaction';
import { Customers } from './customers.js';
import { abandonDataFolder, closeDataFolder, type DataFolder, openDataFolder } from './data-folder.js';
import { beginCount, prepareDatabases } from './databases.js';
import { Desk } from './desk.js';
import { Fleet } from './fleet.js';
import { SERVICES, SERVICE_SETTINGS, type ServiceName, type ServiceSettings } from './messages.js';
import { ModeFile } from './mode-file.js';
import { brokerDoor, claimPorts, startDatabase, startMessaging } from './platform.js';
import { resolveSettings, type ShopOptions } from './settings.js';
import { startShipping } from './shipping.js';
import { onStopSignals } from './signals.js';
import { overview } from './overview.js';

export interface RunningShop {
  /** The page, and the API below `/api`. */
  readonly url: string;
  /** Stops every process and removes a throwaway folder. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Starts the whole shop, each part as a process of its own, and keeps it alive until it is closed.
 * @throws ShopError in one line when a port is taken or a part does not start; nothing is left running then.
 */
export async function runShop(options: ShopOptions = {}): Promise<RunningShop> {
  const settings = resolveSettings(options, process.env);
  const ports = await claimPorts(settings);
  const folder = await openDataFolder(settings.folder);
  const mode = new ModeFile(folder.path);
  const url = `http://${settings.host === '127.0.0.1' ? 'localhost' : settings.host}:${ports.order}`;
  const customers = new Customers(`${url}/api/orders`, systemClock, () => fleet.changed());
  const fleet = new Fleet(systemClock, settings.log, () => ({ ...desk.view, load: customers.view }));
  const desk = new Desk(fleet, mode, customers, systemClock);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= stopAll(fleet, customers, desk, folder).finally(forgetSignals));
  const kill = (): void => {
    fleet.killAll();
    abandonDataFolder(folder);
  };
  const forgetSignals = settings.signals ? onStopSignals(settings.log, close, kill) : () => undefined;

  try {
    const [nameServers, server] = await Promise.all([
      startMessaging(fleet, settings, folder, ports),
      startDatabase(fleet, settings, folder, ports),
    ]);
    const shipping = await startShipping(fleet, settings, folder, ports);
    const databases = await prepareDatabases(server);
    const told = (): ServiceSettings => {
      const { host, expiry, deadlineMs, provider } = settings;
      const port = ports.order;
      const own = { nameServers, databases, port, host, expiry, deadlineMs, provider };
      return { ...own, ...desk.view, brokerDoor: brokerDoor(settings, ports), shipping };
    };
    await Promise.all(SERVICES.map((name) => startService(fleet, desk, folder, name, told, url)));
    if (folder.throwaway) await beginCount(databases.order);
  } catch (error) {
    await close();
    throw error;
  }
  settings.log(overview(fleet.view(), url, folder));
  return { url, close };
}

function startService(
  fleet: Fleet,
  desk: Desk,
  folder: DataFolder,
  name: ServiceName,
  told: () => ServiceSettings,
  url: string,
): Promise<void> {
  return fleet.start({
    name,
    // Always the compiled script: these are real processes, also when the supervisor runs from its sources in a test.
    args: [fileURLToPath(new URL(`../../dist/${name}/main.js`, import.meta.url))],
    env: () => ({ ...process.env, [SERVICE_SETTINGS]: JSON.stringify(told()) }),
    where: name === 'order' ? url : 'through messages only',
    logFile: join(folder.path, 'logs', `${name}.log`),
    onMessage: (message) => desk.received(message),
    onReady: () => {
      // These may have changed between its start and its first ear on the channel.
      fleet.tell(name, { kind: 'mode', mode: told().mode });
      fleet.tell(name, { kind: 'delivery', delivery: told().delivery });
      fleet.changed();
    },
  });
}

async function stopAll(fleet: Fleet, customers: Customers, desk: Desk, folder: DataFolder): Promise<void> {
  customers.stop();
  desk.storm.stop();
  await fleet.stop();
  await closeDataFolder(folder);
}
