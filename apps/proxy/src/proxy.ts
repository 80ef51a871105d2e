import { forwardingMethods, openGrpcDoor, PortError } from '@halfmq/broker/grpc';
import { silentLog, systemClock, type Clock, type Log } from '@halfmq/remoting';
import type { Sources } from '@halfmq/remoting/settings';
import { ownAddress, resolveSettings, type ProxyConfig } from './settings.js';

export interface ProxyOptions extends Sources {
  readonly clock?: Clock | undefined;
  /** silent by default */
  readonly log?: Log | undefined;
}

export interface RunningProxy {
  /** of gRPC clients */
  readonly port: number;
  /** Answers what was accepted, gives back what its clients had, and ends. Safe to call again. */
  close(): Promise<void>;
}

/** What a group's messages wait that names no policy of its own. */
const LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

/**
 * Starts a proxy in this process. It keeps nothing: any number may stand beside each other.
 * @throws ConfigError; Error in one line: no name servers, or the port is taken
 */
export async function startProxy(options: ProxyOptions = {}): Promise<RunningProxy> {
  const { clock = systemClock, log = silentLog, ...sources } = options;
  const { config, notes } = resolveSettings(sources);
  for (const note of notes) log.warn(note);
  const nameServers = config.namesrvAddr.split(';').filter((address) => address !== '');
  if (nameServers.length === 0)
    throw new Error('a proxy finds brokers by their name servers: say which, -n HOST:PORT (namesrvAddr)');
  const own = { ...config, messageDelayLevel: LEVELS, brokerIP1: ownAddress() };
  const door = await openGrpcDoor({
    config: { ...own, storePathRootDir: '', brokerName: 'halfmq-proxy' },
    log,
    graceMs: config.shutdownWaitTimeSeconds * 1000,
    methods: (port) => Promise.resolve(forwardingMethods({ nameServers, config: own, clock, log }, port)),
  }).catch((error: unknown) => {
    throw portTaken(error, config);
  });
  let closed: Promise<void> | undefined;
  return { port: door.port, close: () => (closed ??= door.close()) };
}

function portTaken(error: unknown, { grpcServerPort }: ProxyConfig): unknown {
  if (!(error instanceof PortError)) return error;
  const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${error.code})`;
  return new Error(`port ${grpcServerPort} ${why}: choose another one with --port (0: any free one)`, {
    cause: error,
  });
}
