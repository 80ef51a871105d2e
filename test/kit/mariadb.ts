import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { freePort } from './ports.js';
import { keepOutput, untilInputEnds } from './tied-process.js';
import { until } from './until.js';

const SERVER = '/usr/sbin/mariadbd';
const INSTALL = '/usr/bin/mariadb-install-db';

/** A MariaDB of its own on a free port of loopback, in a folder under the OS temp folder. It waits for no disk. */
export class MariadbServer {
  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly server: ChildProcess,
  ) {}

  /** Whether there can be one here: Debian's package mariadb-server. */
  static get isPossible(): boolean {
    return existsSync(SERVER) && existsSync(INSTALL);
  }

  static async start(): Promise<MariadbServer> {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-mariadb-'));
    try {
      const data = ['--no-defaults', `--datadir=${join(folder, 'data')}`, ...asRoot()];
      const made = spawnSync(INSTALL, [
        ...data,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
      ]);
      if (made.status !== 0)
        throw new Error(`mariadb-install-db failed:\n${made.stdout.toString()}\n${made.stderr.toString()}`);
      return await MariadbServer.serve(folder, data);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private static async serve(folder: string, data: readonly string[]): Promise<MariadbServer> {
    const port = await freePort();
    const [command, ...args] = untilInputEnds('TERM', [
      SERVER,
      ...data,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-buffer-pool-size=32M',
      '--innodb-fast-shutdown=2',
      '--skip-log-bin',
    ]);
    const child = spawn(command, args);
    const said = keepOutput(child);
    const server = new MariadbServer(folder, port, child);
    await until('MariaDB takes connections', async () => {
      if (child.exitCode !== null) throw new Error(`MariaDB ended:\n${said()}`);
      await server.query('', 'SELECT 1');
      return true;
    });
    return server;
  }

  /** One statement on a connection of its own. */
  async query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    const connection = await mysql.createConnection({
      host: '127.0.0.1',
      port: this.port,
      user: 'root',
      database,
    });
    try {
      const [rows] = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
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

/** It refuses to run as root unless it is told to. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}
