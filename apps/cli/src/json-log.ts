import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pino } from 'pino';
import { createStream, type Options } from 'rotating-file-stream';
import type { Clock, Log } from '@halfmq/transaction';
import type { Level } from './line-log.js';

/** Where documents go. */
export interface Documents {
  write(line: string): void;
  /** Resolves when what was written is in the file. */
  finish(): Promise<void>;
}

export function standardError(): Documents {
  const stream = pino.destination({ dest: 2, sync: true });
  return { write: (line) => void stream.write(line), finish: async () => stream.flushSync() };
}

/**
 * `broker.log` is the one that is written; when it is full it becomes `broker.log.1`.
 * @throws Error in one line
 */
export async function rotatedFile(file: string, rotation: Options): Promise<Documents> {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const stream = createStream(basename(file), { ...rotation, path: dirname(file) });
    await once(stream, 'open');
    // a server does not end because its log cannot be written
    let complained = false;
    stream.on('error', (error) => {
      if (!complained) process.stderr.write(`the log ${file} cannot be written: ${error.message}\n`);
      complained = true;
    });
    return {
      write: (line) => void stream.write(line),
      finish: () => new Promise((resolve) => stream.end(() => resolve())),
    };
  } catch (error) {
    throw new Error(
      `the log ${file} cannot be written (${(error as Error).message}): name another with --log`,
      {
        cause: error,
      },
    );
  }
}

/** One document a line: time (ISO 8601), level, msg, and beside them the fields of what happened. */
export function jsonLog(clock: Clock, level: Level, documents: Pick<Documents, 'write'>): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, documents);
  const at =
    (name: Level) =>
    (message: string, fields: object = {}): void =>
      logger[name](plain(fields), message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** JSON makes {} of an error. */
function plain(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? value.message : (value as unknown),
    ]),
  );
}
