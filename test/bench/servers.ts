import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../kit/ports.js';
import { PostgresServer } from '../kit/postgres.js';
import { atExit } from './at-exit.js';
import { sends } from './frames.js';
import { grpcReceiving, grpcSending } from './grpc.js';
import { HTTP, restSends } from './http.js';
import { run, type Load } from './load.js';
import type { Measure } from './measure.js';
import type { Mode, Peer } from './peers/peer.js';
import { isOpen, node, startServer, type Server } from './server.js';
import { postgresOnSlowDisk } from './slow-disk.js';

const WARM_UP = 40_000;
/** JVMs need more */
const PEER_WARM_UP = 150_000;
const HTTP_WARM_UP = 20_000;

const warmedByGrpc = (server: Server): Promise<Measure> => grpcSending(server, [4, 32, 40_000]);

export const script = (name: string): string => new URL(`./${name}.js`, import.meta.url).pathname;
const execute = promisify(execFile);

/** One of the limits, which are programs of this folder: they are told a port first. */
async function startScript(name: string, ...args: readonly string[]): Promise<Server> {
  const port = await freePort();
  return startServer(node(port, script(name), [String(port), ...args]));
}

/** A built checkout whose broker and store are measured. */
export interface Version {
  readonly name: string;
  readonly root: string;
}

export const THIS_VERSION: Version = {
  name: 'ours',
  root: new URL('../../../', import.meta.url).pathname,
};

/** How long a COMMIT of the database waits for its disk: not at all, as for a local one, or as for one over a network. */
export type Commit = 'quick' | 'waiting' | 'far';

const SYNC_MS: Readonly<Record<Commit, number>> = { quick: 0, waiting: 1, far: 5 };

const SHOP = `
  CREATE TABLE bench_order (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sku text NOT NULL, total int NOT NULL);
  CREATE TABLE bench_line ("order" uuid, nth int, price int NOT NULL, PRIMARY KEY ("order", nth));
  CREATE TABLE bench_stock (sku text PRIMARY KEY, "onHand" int NOT NULL);
  INSERT INTO bench_stock SELECT 'tea-' || n, 0 FROM generate_series(0, 999) AS n`;

/** A server and where it keeps what it is sent. */
export interface Measured extends Server {
  readonly folder: string;
}

/**
 * The servers of a run: each is started when a row first asks for it, warmed up, and kept for all rounds, since
 * machine code that V8 made once is what is to be measured.
 */
export class Servers {
  private readonly running = new Map<string, Promise<Measured>>();
  private readonly databases = new Map<Commit, Promise<string>>();
  private readonly clusters = new Map<string, Promise<string>>();
  private readonly closing: (() => Promise<void>)[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'halfmq-bench-'));

  private readonly forget = atExit(() => this.removeFolder());

  constructor(private readonly nodeArgs: readonly string[] = []) {}

  broker(version: Version, mode: Mode, nth = 0): Promise<Measured> {
    const flushDiskType = mode === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH';
    return this.kept(`broker-${version.name}-${mode}-${nth}`, (folder) =>
      this.startBroker(version, folder, { flushDiskType }),
    );
  }

  /** One whose HTTP door is open; it is that door's port, and what it is warmed up by it keeps. */
  httpBroker(version: Version): Promise<Measured> {
    const start = async (folder: string): Promise<Server> => {
      const port = await freePort();
      const broker = await this.startBroker(version, folder, { httpPort: String(port) });
      // it opens after the other
      while (!(await isOpen(port))) await new Promise((resolve) => setTimeout(resolve, 5));
      return { ...broker, port };
    };
    const how = { frames: restSends, protocol: HTTP };
    return this.kept(`http-${version.name}`, start, HTTP_WARM_UP, how);
  }

  /** One whose gRPC door is open; it is that door's port. */
  grpcBroker(version: Version): Promise<Measured> {
    const start = async (folder: string): Promise<Server> => {
      const port = await freePort();
      const broker = await this.startBroker(version, folder, { grpcServerPort: String(port) });
      while (!(await isOpen(port))) await new Promise((resolve) => setTimeout(resolve, 5));
      return { ...broker, port };
    };
    return this.once(`grpc-${version.name}`, start, warmedByGrpc);
  }

  /** On @grpc/grpc-js, and nothing behind it. */
  grpcEcho(): Promise<Measured> {
    return this.once('grpc-echo', () => startScript('grpc-echo'), warmedByGrpc);
  }

  /** On the HTTP/2 of Node.js, and nothing behind it: answers who receives. */
  grpcCanned(): Promise<Measured> {
    return this.once(
      'grpc-canned',
      () => startScript('grpc-canned'),
      (server) => grpcReceiving(server, [4, 4, 10_000]),
    );
  }

  peer(peer: Peer, mode: Mode): Promise<Measured> {
    const { frames, protocol } = peer;
    const how = { frames, ...(protocol && { protocol }) };
    return this.kept(`${peer.name}-${mode}`, (folder) => peer.start(mode, folder), PEER_WARM_UP, how);
  }

  skeleton(mode: Mode): Promise<Measured> {
    return this.kept(`skeleton-${mode}`, (folder) => startScript('skeleton', folder, mode));
  }

  /** Answers every frame with one of that many bytes. */
  echo(bytes: number): Promise<Measured> {
    return this.kept(`echo-${bytes}`, () => startScript('echo', String(bytes)));
  }

  /** A broker of its own, for settings of its own; the caller stops it. */
  async startBroker(
    version: Version,
    folder: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Server> {
    const port = await freePort();
    const all = {
      listenPort: String(port),
      storePathRootDir: folder,
      brokerIP1: '127.0.0.1',
      brokerName: 'bench',
      httpPort: '0',
      ...settings,
    };
    const options = Object.entries(all).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const cli = join(version.root, 'apps/cli/dist/main.js');
    const { args, ...command } = node(port, cli, ['broker', ...options]);
    return startServer({ ...command, args: [...this.nodeArgs, ...args] });
  }

  /** Runs store-alone.ts in a process and a folder of its own. */
  async storeAlone(mode: 'ours' | 'bare' | 'lone', version: Version, count: number): Promise<Measure> {
    const module = join(version.root, 'libs/store/dist/index.js');
    const folder = this.emptyFolder(`alone-${mode}`);
    const { stdout } = await execute(process.execPath, [
      script('store-alone'),
      mode,
      module,
      folder,
      String(count),
    ]);
    rmSync(folder, { recursive: true });
    return JSON.parse(stdout) as Measure;
  }

  /** Runs run-alone.ts in a process of its own, on a database that is kept for all rounds. */
  async runAlone(
    mode: 'ours' | 'bare',
    version: Version,
    { commit, work, count }: { commit: Commit; work: 'order' | 'row'; count: number },
  ): Promise<Measure> {
    const database = await this.database(commit);
    const nameServers = mode === 'ours' ? await this.cluster(version) : '-';
    const { stdout } = await execute(process.execPath, [
      ...this.nodeArgs,
      script('run-alone'),
      mode,
      version.root,
      database,
      nameServers,
      work,
      String(count),
    ]);
    return JSON.parse(stdout) as Measure;
  }

  /** An empty database. */
  private database(commit: Commit): Promise<string> {
    let database = this.databases.get(commit);
    if (!database) {
      database = this.startDatabase(SYNC_MS[commit]);
      this.databases.set(commit, database);
    }
    return database;
  }

  private async startDatabase(syncMs: number): Promise<string> {
    const server = await (syncMs === 0 ? PostgresServer.start() : postgresOnSlowDisk(syncMs));
    this.closing.push(() => server.stop());
    const url = await server.createDatabase('shop');
    await server.query('shop', SHOP);
    return url;
  }

  /** A name server, and a broker that is registered with it. */
  private cluster(version: Version): Promise<string> {
    let cluster = this.clusters.get(version.name);
    if (!cluster) this.clusters.set(version.name, (cluster = this.startCluster(version)));
    return cluster;
  }

  private async startCluster(version: Version): Promise<string> {
    const port = await freePort();
    const cli = join(version.root, 'apps/cli/dist/main.js');
    const namesrv = await startServer(node(port, cli, ['namesrv', '-o', `listenPort=${port}`]));
    this.closing.push(() => namesrv.stop());
    const namesrvAddr = `127.0.0.1:${port}`;
    const folder = this.emptyFolder(`cluster-${version.name}`);
    const broker = await this.startBroker(version, folder, { namesrvAddr });
    this.closing.push(() => broker.stop());
    return namesrvAddr;
  }

  emptyFolder(name: string): string {
    const folder = join(this.folder, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    return folder;
  }

  async stop(): Promise<void> {
    for (const server of this.running.values())
      await server.then((each) => each.stop()).catch(() => undefined);
    for (const close of this.closing.splice(0).toReversed()) await close().catch(() => undefined);
    this.removeFolder();
    this.forget();
  }

  private removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private kept(
    name: string,
    start: (folder: string) => Promise<Server>,
    warmUp = WARM_UP,
    how: Partial<Load> = {},
  ): Promise<Measured> {
    const load = { connections: 4, window: 32, total: warmUp, frames: sends, ...how };
    return this.once(name, start, (server) => run({ targets: [server], ...load }));
  }

  private once(
    name: string,
    start: (folder: string) => Promise<Server>,
    warmUp: (server: Server) => Promise<unknown>,
  ): Promise<Measured> {
    let server = this.running.get(name);
    if (!server) this.running.set(name, (server = this.warm(name, start, warmUp)));
    return server;
  }

  private async warm(
    name: string,
    start: (folder: string) => Promise<Server>,
    warmUp: (server: Server) => Promise<unknown>,
  ): Promise<Measured> {
    const folder = this.emptyFolder(name.replaceAll(' ', '-'));
    const server = await start(folder);
    await warmUp(server);
    return { ...server, folder };
  }
}
