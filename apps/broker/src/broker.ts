import {
  RemotingClient,
  formatHost,
  parseHost,
  silentLog,
  systemClock,
  type Clock,
  type Log,
} from '@halfmq/remoting';
import { StoreError, openStore, type MessageStore } from '@halfmq/store';
import { PortError, reservePort } from './accept/ports.js';
import type { RemotingDoor } from './accept/remoting-door.js';
import { resolveSettings, type BrokerConfig, type Settings } from './config/resolve-config.js';
import { deleteAtHours } from './config/retention-levels.js';
import { Doors } from './directory/doors.js';
import { diskLevels } from './disk-levels.js';
import { advertised } from './grpc/endpoints.js';
import { statusOfStoreError } from './produce/store-failure.js';
import { WORKERS, type Worker } from './tokens.js';
import { firstCheckAfter } from './transaction/first-check.js';

export interface BrokerOptions {
  /** settings by RocketMQ's names; stronger than environment and file */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** a .properties file */
  readonly configFile?: string | undefined;
  readonly clock?: Clock | undefined;
  /** silent by default */
  readonly log?: Log | undefined;
}

export interface RunningBroker {
  /** remoting port */
  readonly port: number;
  /** undefined: the HTTP door is closed */
  readonly httpPort: number | undefined;
  /** undefined: the gRPC door is closed */
  readonly grpcPort: number | undefined;
  /** what clients are told: brokerIP1:port */
  readonly address: string;
  /** brokerName */
  readonly name: string;
  /** what it keeps, to look into from the same process */
  readonly store: MessageStore;
  /** Drains and stops: what was accepted is answered, the store is closed. Safe to call again. */
  close(): Promise<void>;
}

type Rooms = typeof import('./rooms.js');

const REGISTRATION_PATIENCE_MS = 1_000;

/**
 * Starts a broker in this process.
 * @throws ConfigError, StoreError, PortError: one line that says what to change
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  const settings = resolveSettings(options);
  const broker = new Broker(settings, options.clock ?? systemClock, options.log ?? silentLog);
  try {
    await broker.start();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

/**
 * INIT → OPENING → RUNNING → DRAINING → CLOSED, forward only. Each step of the start says how it is undone; the stop
 * undoes them backwards, which is the order of draining: name servers hear of it, nothing new begins by itself, the
 * doors answer what they took and close, then the store.
 */
class Broker implements RunningBroker {
  port = 0;
  httpPort: number | undefined;
  grpcPort: number | undefined;
  address = '';
  private readonly config: BrokerConfig;
  private readonly undo: (() => void | Promise<void>)[] = [];
  private closed: Promise<void> | undefined;
  private opened: MessageStore | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.config = settings.config;
  }

  get name(): string {
    return this.config.brokerName;
  }

  get store(): MessageStore {
    if (!this.opened) throw new Error('the store is not open yet');
    return this.opened;
  }

  async start(): Promise<void> {
    for (const note of this.settings.notes) this.log.warn(note);
    const given = this.config.listenPort;
    const reserved = given === 0 ? await reservePort(this.config.bindAddress) : undefined;
    this.port = reserved?.port ?? given;
    this.address = formatHost({
      address: parseHost(`[${this.config.brokerIP1}]:0`).address,
      port: this.port,
    });
    if (reserved) this.undo.push(() => reserved.release());
    // only when the settings are good, and while the disk is waited for
    const [store, rooms] = await Promise.all([this.openStore(), import('./rooms.js')]);
    await reserved?.release();
    const door = await this.openRooms(store, rooms);
    await door.open();
    this.startWorkers(door);
    await this.openHttp(door);
    await this.openGrpc(door);
    await this.register(door, rooms);
  }

  close(): Promise<void> {
    return (this.closed ??= this.drain());
  }

  private async drain(): Promise<void> {
    for (let step = this.undo.pop(); step; step = this.undo.pop()) {
      try {
        await step();
      } catch (error) {
        // what is left must be closed all the same, the store above all
        this.log.error('a part of the broker did not stop well', { error });
      }
    }
  }

  private async openStore(): Promise<MessageStore> {
    const { config } = this;
    const store = await openStore({
      path: config.storePathRootDir,
      logPath: config.storePathCommitLog || undefined,
      clock: this.clock,
      log: this.log,
      clusterName: config.brokerClusterName,
      brokerName: config.brokerName,
      storeHost: parseHost(this.address),
      flush: config.flushDiskType,
      flushIntervalMs: config.flushIntervalCommitLog,
      flushLeastPages: config.flushCommitLogLeastPages,
      flushThoroughIntervalMs: config.flushCommitLogThoroughInterval,
      syncTimeoutMs: config.syncFlushTimeout,
      retentionMs: config.fileReservedTime * 3_600_000,
      deleteAtHours: deleteAtHours(config.deleteWhen),
      diskLevels: diskLevels(config),
      firstCheckAfterMs: firstCheckAfter(config),
    });
    this.undo.push(() => store.close());
    this.opened = store;
    return store;
  }

  private async openRooms(store: MessageStore, { BrokerModule, remotingDoor }: Rooms): Promise<RemotingDoor> {
    const { config, clock, log, address, port } = this;
    const client = new RemotingClient({ clock, log });
    this.undo.push(() => client.close());
    const module = BrokerModule.on({
      config,
      clock,
      log,
      store,
      storeHost: parseHost(address),
      address,
      client,
    });
    const vip = config.listenPort !== 0;
    const door = await remotingDoor(module, { port, vip, config, clock, log });
    this.undo.push(() => door.close());
    return door;
  }

  private startWorkers({ application }: RemotingDoor): void {
    for (const worker of application.get<Worker[]>(WORKERS)) {
      worker.start();
      this.undo.push(() => worker.stop());
    }
  }

  /** Loaded only when it opens: an idle broker without this door stays small. */
  private async openHttp({ application }: RemotingDoor): Promise<void> {
    const { httpPort: port, httpHost: host, maxMessageSize, shutdownWaitTimeSeconds } = this.config;
    if (port === 0) return;
    const { openHttpDoor } = await import('./accept/http-door.js');
    const { HttpModule } = await import('./http.module.js');
    try {
      const door = await openHttpDoor(HttpModule.of(application), {
        port,
        host,
        maxMessageSize,
        graceMs: shutdownWaitTimeSeconds * 1000,
        clock: this.clock,
        log: this.log,
        nameOf: (error) => (error instanceof StoreError ? statusOfStoreError(error) : undefined),
      });
      this.undo.push(() => door.close());
      this.httpPort = door.port;
    } catch (error) {
      if (!this.mayStayClosed('httpPort', error)) throw error;
      this.log.warn(`${error.message}; the HTTP door stays closed`);
    }
  }

  /** A port and no more: what is behind it is loaded when a client comes. */
  private async openGrpc({ application }: RemotingDoor): Promise<void> {
    const { config, log } = this;
    if (config.grpcServerPort === 0) return;
    const { openGrpcDoor } = await import('./grpc/door.js');
    try {
      const door = await openGrpcDoor({
        config,
        log,
        graceMs: config.shutdownWaitTimeSeconds * 1000,
        methods: async (port) => (await import('./grpc/rooms.js')).methodsOf(application, port),
      });
      this.undo.push(() => door.close());
      this.grpcPort = door.port;
      application.get(Doors).grpc = advertised(config, door.port);
    } catch (error) {
      if (!this.mayStayClosed('grpcServerPort', error)) throw error;
      log.warn(`${error.message}; the gRPC door stays closed`);
    }
  }

  /** Several brokers may run on one host as they are: the first one gets the default ports. */
  private mayStayClosed(setting: 'httpPort' | 'grpcServerPort', error: unknown): error is PortError {
    const byDefault = this.settings.origins[setting].kind === 'default';
    return byDefault && error instanceof PortError && error.code === 'EADDRINUSE';
  }

  /** A name server that does not answer does not keep the broker from starting. */
  private async register({ application }: RemotingDoor, { NewTopics, Registration }: Rooms): Promise<void> {
    const registration = application.get(Registration);
    const newTopics = application.get(NewTopics);
    this.undo.push(() => registration.stop());
    this.undo.push(() => newTopics.stop());
    registration.start();
    newTopics.start();
    await registration.told(REGISTRATION_PATIENCE_MS);
  }
}
