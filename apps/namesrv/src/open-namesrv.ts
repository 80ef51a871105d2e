import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { RemotingTransport } from '@halfmq/remoting/nest';
import { openAddressDoor, type AddressDoor } from './address-door.js';
import type { NamesrvConfig } from './config/settings.js';
import { NamesrvModule, type Surroundings } from './namesrv.module.js';
import { portTaken } from './port-taken.js';

export interface RunningNamesrv {
  readonly port: number;
  /** host:port to reach it at from this machine. */
  readonly address: string;
  /** Of its address server; undefined: it has none. */
  readonly addressServerPort: number | undefined;
  /** Answers what was accepted, then closes every connection. Safe to call again. */
  close(): Promise<void>;
}

/** The Nest application of one name server, listening. @throws Error in one line when the port is taken */
export async function openNamesrv({ config, clock, log }: Surroundings): Promise<RunningNamesrv> {
  const { module, liveness, kv } = NamesrvModule.of({ config, clock, log });
  const listen = [{ port: config.listenPort, host: config.bindAddress }];
  const transport = new RemotingTransport({ clock, log, listen });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    strategy: transport,
    logger: false,
    abortOnError: false,
  });
  let closed: Promise<void> | undefined;
  let addressDoor: AddressDoor | undefined;
  const close = (): Promise<void> => {
    // before the connections: their closing is no news then
    liveness.stop();
    return (closed ??= Promise.all([addressDoor?.close(), app.close()]).then(() => undefined));
  };
  const actual = (): number => transport.ports[0] ?? config.listenPort;
  try {
    await app.listen();
    if (config.addressServerPort !== 0) addressDoor = await openAddressDoor(config, kv, actual);
  } catch (error) {
    await close();
    throw portTaken(error, config);
  }
  const address = `${reachableHost(config)}:${actual()}`;
  return { port: actual(), address, addressServerPort: addressDoor?.port, close };
}

function reachableHost({ bindAddress }: NamesrvConfig): string {
  if (bindAddress === '0.0.0.0' || bindAddress === '::') return '127.0.0.1';
  return bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress;
}
