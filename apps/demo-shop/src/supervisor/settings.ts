import { resolve } from 'node:path';
import { parseDuration } from '@halfmq/transaction';
import type { ProviderHabits } from '../payment/provider.js';

/** A reason not to start, in one line that says what to do. */
export class ShopError extends Error {
  override readonly name = 'ShopError';
}

/** Each value: the option, else its environment variable, else the default. A port of 0 means any free one. */
export interface ShopOptions {
  /** `host:port` of a name server that already runs. Without it the shop starts a name server and a broker. */
  nameServers?: string | undefined;
  /** HTTP port of the page and the API. `HALFMQ_SHOP_PORT`, 3000. */
  port?: number | undefined;
  /** Which address the page is served on. `HALFMQ_SHOP_HOST`, 127.0.0.1: its buttons kill processes. */
  host?: string | undefined;
  /** Where to keep the data. `HALFMQ_SHOP_FOLDER`; without it a folder under the OS temp, removed at the end. */
  folder?: string | undefined;
  /** The `halfmq` command's JavaScript file. The script this process was started with. */
  cliPath?: string | undefined;
  /** A PostgreSQL server to use instead of the embedded one. `DATABASE_URL`. */
  databaseUrl?: string | undefined;
  /** `HALFMQ_NAMESRV_PORT` (9876), `HALFMQ_BROKER_PORT` (10911), `HALFMQ_HTTP_PORT` (8080). */
  ports?: { nameServer?: number; broker?: number; brokerHttp?: number } | undefined;
  /** How long an unpaid order lives. `HALFMQ_SHOP_EXPIRY`, `30s`. */
  expiry?: string | undefined;
  /** After how long the board calls an order stuck, in seconds. `HALFMQ_SHOP_DEADLINE`, 20. */
  deadlineSeconds?: number | undefined;
  /** Runs the shipping service; without it orders end as paid. `HALFMQ_SHOP_PYTHON`, `python3`. */
  python?: string | undefined;
  /** How unreliable the payment provider is. `HALFMQ_SHOP_PROVIDER`, `seed=7,decline=6,hesitate=15,twice=10`. */
  provider?: Partial<ProviderHabits> | undefined;
  /** Receives each line for the operator. Standard output. */
  log?: ((line: string) => void) | undefined;
  /** Stop on SIGINT and SIGTERM, end at once on a second one. True. */
  signals?: boolean | undefined;
}

export interface ShopSettings {
  readonly nameServers: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly folder: string | undefined;
  readonly cliPath: string;
  readonly databaseUrl: string | undefined;
  readonly ports: {
    readonly nameServer: number;
    readonly broker: number;
    readonly brokerHttp: number;
    /** Whether somebody asked for this HTTP port: the default one the shop can do without. */
    readonly brokerHttpWanted: boolean;
  };
  readonly expiry: string;
  readonly deadlineMs: number;
  readonly python: string;
  readonly provider: ProviderHabits;
  readonly log: (line: string) => void;
  readonly signals: boolean;
}

const DEFAULT_HABITS: ProviderHabits = { seed: 7, decline: 6, hesitate: 15, twice: 10 };

/** @throws ShopError naming the option or variable that cannot be understood. */
export function resolveSettings(options: ShopOptions, env: NodeJS.ProcessEnv): ShopSettings {
  const cliPath = options.cliPath ?? process.argv[1];
  if (cliPath === undefined)
    throw new ShopError('The shop needs the path of the halfmq command: give cliPath.');
  const folder = options.folder ?? blankIsUnset(env['HALFMQ_SHOP_FOLDER']);
  return {
    nameServers: options.nameServers,
    port: wholeNumber('HALFMQ_SHOP_PORT', options.port, env, 3000, 65_535),
    host: options.host ?? blankIsUnset(env['HALFMQ_SHOP_HOST']) ?? '127.0.0.1',
    folder: folder === undefined ? undefined : resolve(folder),
    cliPath: resolve(cliPath),
    databaseUrl: options.databaseUrl ?? blankIsUnset(env['DATABASE_URL']),
    ports: {
      nameServer: wholeNumber('HALFMQ_NAMESRV_PORT', options.ports?.nameServer, env, 9876, 65_535),
      broker: wholeNumber('HALFMQ_BROKER_PORT', options.ports?.broker, env, 10_911, 65_535),
      brokerHttp: wholeNumber('HALFMQ_HTTP_PORT', options.ports?.brokerHttp, env, 8080, 65_535),
      brokerHttpWanted: (options.ports?.brokerHttp ?? blankIsUnset(env['HALFMQ_HTTP_PORT'])) !== undefined,
    },
    expiry: duration(
      'HALFMQ_SHOP_EXPIRY',
      options.expiry ?? blankIsUnset(env['HALFMQ_SHOP_EXPIRY']) ?? '30s',
    ),
    deadlineMs: wholeNumber('HALFMQ_SHOP_DEADLINE', options.deadlineSeconds, env, 20, 86_400) * 1000,
    python: options.python ?? blankIsUnset(env['HALFMQ_SHOP_PYTHON']) ?? 'python3',
    provider: { ...DEFAULT_HABITS, ...readHabits(env['HALFMQ_SHOP_PROVIDER']), ...options.provider },
    log: options.log ?? ((line) => void process.stdout.write(`${line}\n`)),
    signals: options.signals ?? true,
  };
}

function blankIsUnset(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function wholeNumber(
  name: string,
  given: number | undefined,
  env: NodeJS.ProcessEnv,
  fallback: number,
  max: number,
): number {
  const text = blankIsUnset(env[name]);
  const value = given ?? (text === undefined ? fallback : Number(text));
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new ShopError(`${name} must be a whole number from 0 to ${max}, but is ${text ?? value}.`);
}

function duration(name: string, text: string): string {
  try {
    parseDuration(text);
    return text;
  } catch (error) {
    throw new ShopError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `seed=7,decline=6`: names of `ProviderHabits` with whole numbers. */
function readHabits(text: string | undefined): Partial<ProviderHabits> {
  const habits: Partial<Record<string, number>> = {};
  for (const part of (text ?? '').split(',').filter((piece) => piece.trim() !== '')) {
    const [name = '', value = ''] = part.split('=').map((piece) => piece.trim());
    if (!(name in DEFAULT_HABITS) || !/^\d+$/.test(value)) {
      throw new ShopError(
        `HALFMQ_SHOP_PROVIDER: "${part.trim()}" is not one of ${Object.keys(DEFAULT_HABITS).join(', ')} with a number.`,
      );
    }
    habits[name] = Number(value);
  }
  return habits;
}
