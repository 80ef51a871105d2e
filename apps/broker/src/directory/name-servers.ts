import { AddressServer, addressServerUrl, type Clock, type Log } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';

/**
 * The name servers of this broker: those of namesrvAddr, else those an address server names, as it names them now. One
 * that is no longer named hears nothing more, and forgets the broker by itself.
 */
export class NameServers {
  private list: readonly string[];
  private readonly following: AddressServer | undefined;
  private heard: () => void = () => undefined;

  constructor(
    private readonly config: BrokerConfig,
    clock: Clock,
    log: Log,
  ) {
    this.list = config.namesrvAddr.split(';').filter((address) => address !== '');
    if (this.list.length > 0 || !config.fetchNamesrvAddrByAddressServer) return;
    const url = addressServerUrl(config.rmqAddressServerDomain, config.rmqAddressServerSubGroup);
    this.following = new AddressServer(clock, log, url, (list) => {
      this.list = list;
      this.heard();
    });
  }

  get all(): readonly string[] {
    return this.list;
  }

  /** @param heard is called when they are others than before */
  start(heard: () => void): void {
    this.heard = heard;
    this.following?.start(this.config.fetchNamesrvAddrInterval);
  }

  stop(): void {
    this.following?.stop();
  }

  /** Resolves when it is known whether there are any. */
  async known(): Promise<void> {
    if (this.list.length === 0) await this.following?.look().catch(() => undefined);
  }
}
