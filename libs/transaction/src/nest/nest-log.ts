import { inspect, type InspectOptions } from 'node:util';
import { Logger } from '@nestjs/common';
import type { Log } from '@halfmq/remoting';

/** The application's own logger, under the name HalfMQ. */
export function nestLog(): Log {
  const logger = new Logger('HalfMQ');
  return {
    debug: (message, fields) => logger.debug(line(message, fields)),
    info: (message, fields) => logger.log(line(message, fields)),
    warn: (message, fields) => logger.warn(line(message, fields)),
    error: (message, fields) => logger.error(line(message, fields)),
  };
}

/** A handler may throw anything, also what JSON cannot say. */
const ONE_LINE: InspectOptions = { breakLength: Infinity, depth: 3 };

function line(message: string, fields: object = {}): string {
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
  return [message, ...shown].join(' ');
}

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : inspect(value, ONE_LINE);
}
