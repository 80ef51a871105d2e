import 'reflect-metadata';
import { BadRequestException, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Clock, Log, StatusName } from '@halfmq/remoting';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { AddressInfo } from 'node:net';
import { takeBodies } from './bodies.js';
import { DocumentPipe } from './document-pipe.js';
import { PortError } from './ports.js';
import { AsProblem } from './problem.js';
import { quietly } from './quiet.js';

export interface HttpDoor {
  readonly port: number;
  /** Takes no more requests, answers those taken. */
  close(): Promise<void>;
}

export interface HttpDoorOptions {
  readonly port: number;
  readonly host: string;
  /** bytes of a message's body; a request may be larger by what its encoding takes */
  readonly maxMessageSize: number;
  /** how long requests taken may still be answered when the door closes */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly nameOf: (error: unknown) => StatusName | undefined;
}

/** Names of the longest kind fit; what is longer than a topic may be is refused where topics are. */
const LONGEST_PARAMETER = 16 * 1024;
/** Node.js's own, which Fastify would switch off: whoever sends a request byte by byte is cut off. */
const REQUEST_MS = 300_000;
const KEEP_ALIVE_MS = 5_000;

/**
 * REST and health as a Nest application on Fastify. Loaded only where the door is opened: Fastify and class-validator
 * take a dozen MB and a fifth of a second.
 * @throws PortError
 */
export async function openHttpDoor(module: DynamicModule, options: HttpDoorOptions): Promise<HttpDoor> {
  const problems = new AsProblem(options.log, options.nameOf);
  const adapter = new FastifyAdapter({
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: false, maxParamLength: LONGEST_PARAMETER },
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
      problems.answer(new BadRequestException(error.message), reply),
    return503OnClosing: false,
    skipMiddie: true,
    multipart: false,
  });
  takeBodies(adapter.getInstance(), options.maxMessageSize);
  const application = await quietly(() =>
    NestFactory.create<NestFastifyApplication>(module, adapter, { abortOnError: false, bodyParser: false }),
  );
  application.useGlobalFilters(problems);
  application.useGlobalPipes(new DocumentPipe());
  try {
    await quietly(() => application.listen(options.port, options.host));
  } catch (error) {
    await application.close();
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new PortError(options.port, 'HTTP door', 'httpPort', code, { cause: error });
  }
  const server = application.getHttpServer();
  const close = async (): Promise<void> => {
    const cancel = options.clock.after(options.graceMs, () => server.closeAllConnections());
    await application.close();
    cancel();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
