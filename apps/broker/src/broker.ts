import type { Clock, Log } from '@halfmq/remoting';
import { resolveSettings } from './config/resolve-config.js';

export interface BrokerOptions {
  /** settings by RocketMQ's names; stronger than environment and file */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** a .properties file */
  readonly configFile?: string | undefined;
  readonly clock?: Clock | undefined;
  /** silent by default */
  readonly log?: Log | undefined;
}

export interface RunningBroker {
  /** remoting port */
  readonly port: number;
  /** undefined: the HTTP door is closed */
  readonly httpPort: number | undefined;
  /** what clients are told: brokerIP1:port */
  readonly address: string;
  /** brokerName */
  readonly name: string;
  /** Drains and stops: what was accepted is answered, the store is closed. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Starts a broker in this process.
 * @throws ConfigError, StoreError, or an Error in one line that names port, asker and option
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  const { config } = resolveSettings(options);
  throw new Error(`${config.brokerName}: its doors do not exist yet`);
}
