import { silentLog, systemClock, type Clock, type Log } from '@halfmq/remoting';
import { resolveSettings, type ConfigOptions } from './config/resolve-config.js';
import type { RunningNamesrv } from './open-namesrv.js';

export interface NamesrvOptions extends ConfigOptions {
  /** listenPort; 0 = any free one. */
  readonly port?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
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
  // only when the settings are good: a misspelt one is said at once, and `-p` prints without waiting for Nest
  const { openNamesrv } = await import('./open-namesrv.js');
  return openNamesrv({ config, clock, log });
}
