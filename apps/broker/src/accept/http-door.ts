import 'reflect-metadata';
import { UnsupportedMediaTypeException, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { Clock, Log, StatusName } from '@halfmq/remoting';
import type { NextFunction, Request, Response } from 'express';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
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

const BESIDE_THE_BODY = 128 * 1024;

/**
 * REST and health as a Nest application on Express. Loaded only where the door is opened: Express and class-validator
 * take 20 MB and a third of a second.
 * @throws PortError
 */
export async function openHttpDoor(module: DynamicModule, options: HttpDoorOptions): Promise<HttpDoor> {
  const application = await quietly(() =>
    NestFactory.create<NestExpressApplication>(module, new ExpressAdapter(), {
      abortOnError: false,
      bodyParser: false,
    }),
  );
  application.disable('x-powered-by');
  application.disable('etag');
  // base64 takes a third more, a text of quotes and line ends twice as much
  application.useBodyParser('json', { limit: options.maxMessageSize * 2 + BESIDE_THE_BODY, type: isJson });
  application.useBodyParser('raw', { limit: options.maxMessageSize, type: isRawMessage });
  application.use(refuseOtherBodies);
  application.useGlobalFilters(new AsProblem(options.log, options.nameOf));
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

/** What is no JSON would be read as an empty document, and refused for what it lacks: curl -d sends a form. */
function refuseOtherBodies(request: Request, _response: Response, next: NextFunction): void {
  if (isJson(request)) return next();
  const type = request.headers['content-type'];
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
  if (!hasBody || isRawMessage(request)) return next();
  next(
    new UnsupportedMediaTypeException(
      `the body is sent as ${type ?? 'no type at all'}: send JSON with the header content-type: application/json`,
    ),
  );
}

const MESSAGES = /^\/v1\/topics\/[^/]+\/messages\/?(\?|$)/;
/** what curl and PHP say of a body whose kind they were not told */
const FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data)/;
const JSON_DOCUMENT = /^application\/json\s*(;|$)/;

function isJson({ headers }: IncomingMessage): boolean {
  return JSON_DOCUMENT.test(headers['content-type']?.toLowerCase() ?? '');
}

/** A message as it is, with all else in headers: a body of any kind but JSON, where messages are sent. */
function isRawMessage({ method, url, headers }: IncomingMessage): boolean {
  const type = headers['content-type']?.toLowerCase();
  if (method !== 'POST' || type === undefined || !MESSAGES.test(url ?? '')) return false;
  return !FORM.test(type) && !JSON_DOCUMENT.test(type);
}
