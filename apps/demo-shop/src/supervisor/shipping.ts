import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DataFolder } from './data-folder.js';
import type { Fleet } from './fleet.js';
import { SHIPPING } from './messages.js';
import { brokerDoor, type Ports, withoutOurs } from './platform.js';
import type { ShopSettings } from './settings.js';

const SCRIPT = fileURLToPath(new URL('../../shipping/shipping.py', import.meta.url));
/** Debian's python3-minimal has no sqlite3. */
const PROBE =
  'import sys, http.server, sqlite3; sys.exit("it is older than 3.8" if sys.version_info < (3, 8) else 0)';
const PATIENCE_MS = 20_000;

/** Starts the service in Python; answers its address, or null with a line that says why the shop is without it. */
export async function startShipping(
  fleet: Fleet,
  settings: ShopSettings,
  folder: DataFolder,
  ports: Ports,
): Promise<string | null> {
  const door = brokerDoor(settings, ports);
  const obstacle =
    door === null ? "the broker's HTTP door is not ours or closed" : await whyNotRun(settings.python);
  if (door === null || obstacle !== undefined) {
    settings.log(`The shop goes on without its shipping service, orders end as paid: ${obstacle}.`);
    return null;
  }
  const address = `http://127.0.0.1:${ports.shipping}`;
  const database = join(folder.path, 'shipping.db');
  await fleet.start({
    name: SHIPPING,
    command: settings.python,
    args: [SCRIPT, '--tied', '--broker', door, '--port', String(ports.shipping), '--database', database],
    // what it calls is on this machine
    env: () => ({ ...withoutOurs(), no_proxy: '*' }),
    where: `${address}, pushed to by the broker`,
    logFile: join(folder.path, 'logs', 'shipping.log'),
    readyLine: /shipping at /,
  });
  return address;
}

async function whyNotRun(python: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(python, ['-c', PROBE], { timeout: PATIENCE_MS });
    return undefined;
  } catch (error) {
    if (isMissing(error)) return `there is no ${python} (HALFMQ_SHOP_PYTHON names another one)`;
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    return `${python} cannot run it (${said.split('\n').at(-1)})`;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');
}
