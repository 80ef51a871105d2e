import type { Clock, Log } from '@halfmq/remoting';
import { RemotingTransport } from '@halfmq/remoting/nest';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import type { BrokerConfig } from '../config/resolve-config.js';
import { remotingPortError } from './ports.js';
import { quietly } from './quiet.js';

export interface RemotingDoor {
  readonly application: INestMicroservice;
  readonly port: number;
  open(): Promise<void>;
  /** Takes no more requests, answers those taken, then closes. */
  close(): Promise<void>;
}

/**
 * The rooms as a Nest microservice behind RocketMQ's wire, still closed.
 * @param vip also listen on port - 2, where old clients send (the VIP channel)
 */
export async function remotingDoor(
  module: DynamicModule,
  options: { port: number; vip: boolean; config: BrokerConfig; clock: Clock; log: Log },
): Promise<RemotingDoor> {
  const { port, vip, config, clock, log } = options;
  const host = config.bindAddress;
  const ports = vip && port > 2 ? [port, port - 2] : [port];
  const transport = new RemotingTransport({
    clock,
    log,
    idleMs: config.serverChannelMaxIdleTimeSeconds * 1000,
    listen: ports.map((one) => ({ port: one, host })),
  });
  const application = await quietly(() =>
    NestFactory.createMicroservice(module, { strategy: transport, abortOnError: false }),
  );
  return {
    application,
    port,
    async open() {
      try {
        await quietly(() => application.listen());
      } catch (error) {
        throw remotingPortError(error, (taken) => taken === port - 2);
      }
    },
    async close() {
      await transport.server.close({ graceMs: config.shutdownWaitTimeSeconds * 1000 });
      await application.close();
    },
  };
}
