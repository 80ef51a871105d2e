import type { Log } from '@halfmq/remoting';

/** The application's log, of which nothing here fails: one that throws has not told, and that is all. */
export function harmless(log: Log): Log {
  const told =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields) => {
      try {
        log[level](message, fields);
      } catch {
        // there is nobody to tell
      }
    };
  return { debug: told('debug'), info: told('info'), warn: told('warn'), error: told('error') };
}
