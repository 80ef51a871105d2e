import type { MicroserviceOptions } from '@nestjs/microservices';
import { silentLog, systemClock, type Clock, type Log } from '@halfmq/remoting';
import { resolveSettings, type ConfigOptions } from './config/resolve-config.js';
import type { NamesrvConfig } from './config/settings.js';
import { portTaken } from './port-taken.js';

export interface NamesrvOptions extends ConfigOptions {
  /** listenPort; 0 = any free one. */
  readonly port?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
}

export interface RunningNamesrv {
  readonly port: number;
  /** host:port to reach it at from this machine. */
  readonly address: string;
  /** Answers what was accepted, then closes every connection. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Starts a name server in this process. Several may run beside each other, here or elsewhere: they know nothing of
 * each other, and every broker registers with every one.
 * @throws ConfigError for a setting that cannot be used; Error in one line when the port is taken
 */
export async function startNamesrv(options: NamesrvOptions = {}): Promise<RunningNamesrv> {
  const { clock = systemClock, log = silentLog, port, properties, ...rest } = options;
  const { config, notes } = resolveSettings({
    ...rest,
    properties: { ...properties, ...(port !== undefined && { listenPort: String(port) }) },
  });
  for (const note of notes) log.warn(note);
  const { NestFactory, RemotingTransport, NamesrvModule } = await loadNest();
  const { module, liveness } = NamesrvModule.of({ config, clock, log });
  const listen = [{ port: config.listenPort, host: config.bindAddress }];
  const transport = new RemotingTransport({ clock, log, listen });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    strategy: transport,
    logger: false,
    abortOnError: false,
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    // before the connections: their closing is no news then
    liveness.stop();
    return (closed ??= app.close());
  };
  try {
    await app.listen();
  } catch (error) {
    await close();
    throw portTaken(error, config);
  }
  const [actual = config.listenPort] = transport.ports;
  return { port: actual, address: `${reachableHost(config)}:${actual}`, close };
}

/** Only when the settings are good: a misspelt one is said at once, and `-p` prints without waiting for Nest. */
async function loadNest() {
  const [{ NestFactory }, { RemotingTransport }, { NamesrvModule }] = await Promise.all([
    import('@nestjs/core'),
    import('@halfmq/remoting/nest'),
    import('./namesrv.module.js'),
  ]);
  return { NestFactory, RemotingTransport, NamesrvModule };
}

function reachableHost({ bindAddress }: NamesrvConfig): string {
  if (bindAddress === '0.0.0.0' || bindAddress === '::') return '127.0.0.1';
  return bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress;
}
