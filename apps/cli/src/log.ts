import type { Clock, Log } from '@halfmq/transaction';
import { levelOf, lineLog } from './line-log.js';
import type { Running } from './serve.js';

export const LOG_OPTION =
  'console (a line each, unless told), json (a document each), or a file, rotated; HALFMQ_LOG';

/** RocketMQ's own: 128 MB a file, and ten of them. */
const ROTATION = { size: '128M', rotate: 9 };

/**
 * Runs a server with its log. On the console, which is standard error, a line for people; `json` is for who collects
 * them; a file has the same documents, a line each, and is begun anew when it is full.
 * @throws Error when the file cannot be written
 */
export async function withLog<Server extends Running>(
  clock: Clock,
  where: string | undefined,
  start: (log: Log) => Promise<Server>,
): Promise<Running> {
  const { env } = process;
  const chosen = where ?? env['HALFMQ_LOG'] ?? 'console';
  if (chosen === 'console') return start(lineLog(clock, env));
  const { jsonLog, rotatedFile, standardError } = await import('./json-log.js');
  const stream = chosen === 'json' ? standardError() : await rotatedFile(chosen, ROTATION);
  const server = await start(jsonLog(clock, levelOf(env), stream));
  return {
    async close() {
      try {
        await server.close();
      } finally {
        await stream.finish();
      }
    },
  };
}
