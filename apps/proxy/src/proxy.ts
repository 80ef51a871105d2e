import {
  forwardingMethods,
  openForwarding,
  openGrpcDoor,
  PortError,
  type ElsewhereDoor,
  type GrpcDoor,
} from '@halfmq/broker/grpc';
import { silentLog, systemClock, type Clock, type Log } from '@halfmq/remoting';
import type { Sources } from '@halfmq/remoting/settings';
import { ownAddress, resolveSettings, type Settings } from './settings.js';

export interface ProxyOptions extends Sources {
  readonly clock?: Clock | undefined;
  /** silent by default */
  readonly log?: Log | undefined;
}

export interface RunningProxy {
  /** of gRPC clients */
  readonly port: number;
  /** of REST; undefined: that door is closed */
  readonly httpPort: number | undefined;
  /** Answers what was accepted, gives back what its clients had, and ends. Safe to call again. */
  close(): Promise<void>;
}

/** What a group's messages wait that names no policy of its own. */
const LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

interface Ground {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly elsewhere: ElsewhereDoor;
}

interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts a proxy in this process. It keeps nothing: any number may stand beside each other.
 * @throws ConfigError; Error in one line: no name servers, or a port is taken
 */
export async function startProxy(options: ProxyOptions = {}): Promise<RunningProxy> {
  const { clock = systemClock, log = silentLog, ...sources } = options;
  const settings = resolveSettings(sources);
  for (const note of settings.notes) log.warn(note);
  const nameServers = settings.config.namesrvAddr.split(';').filter((address) => address !== '');
  if (nameServers.length === 0)
    throw new Error('a proxy finds brokers by their name servers: say which, -n HOST:PORT (namesrvAddr)');
  const elsewhere = openForwarding({ nameServers, clock, log });
  const doors: Door[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(doors.map((door) => door.close()));
    await elsewhere.close();
  };
  try {
    const ground = { settings, clock, log, elsewhere };
    const grpc = await openGrpc(ground);
    doors.push(grpc);
    const http = await openHttp(ground);
    if (http) doors.push(http);
    let closed: Promise<void> | undefined;
    return { port: grpc.port, httpPort: http?.port, close: () => (closed ??= close()) };
  } catch (error) {
    await close();
    throw error;
  }
}

function openGrpc({ settings: { config }, clock, log, elsewhere }: Ground): Promise<GrpcDoor> {
  const own = { ...config, messageDelayLevel: LEVELS, brokerIP1: ownAddress() };
  return openGrpcDoor({
    config: { ...own, storePathRootDir: '', brokerName: 'halfmq-proxy' },
    log,
    graceMs: config.shutdownWaitTimeSeconds * 1000,
    methods: (port) => Promise.resolve(forwardingMethods(elsewhere, { config: own, clock }, port)),
  }).catch((error: unknown) => {
    throw error instanceof PortError ? inOneLine(error, '--port (0: any free one)') : error;
  });
}

/** Loaded only when it opens; where the default port is taken, by a broker perhaps, it stays closed. */
async function openHttp({ settings, clock, log, elsewhere }: Ground): Promise<Door | undefined> {
  const { httpPort: port, httpHost: host, shutdownWaitTimeSeconds, maxMessageSize } = settings.config;
  if (port === 0) return undefined;
  const { openForwardingDoor } = await import('@halfmq/broker/forward');
  const config = { maxMessageSize, messageDelayLevel: LEVELS };
  const graceMs = shutdownWaitTimeSeconds * 1000;
  try {
    return await openForwardingDoor(elsewhere, { port, host, graceMs, config, clock, log });
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    const byDefault = settings.origins.httpPort.kind === 'default';
    if (!byDefault || error.code !== 'EADDRINUSE') throw inOneLine(error, '-o httpPort=PORT (0: none)');
    log.warn(`port ${port} is taken: the HTTP door stays closed (httpPort)`);
    return undefined;
  }
}

/** As users of this command say it. @param how another one is chosen */
function inOneLine(error: PortError, how: string): Error {
  const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${error.code})`;
  return new Error(`port ${error.port} ${why}: choose another one with ${how}`, { cause: error });
}
