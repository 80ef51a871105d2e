import { Controller, Get, Inject } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { CONFIG, MESSAGE_STORE } from '../tokens.js';

/** For whoever starts and watches the process. */
@Controller('health')
export class Health {
  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    @Inject(MESSAGE_STORE) private readonly store: MessageStore,
  ) {}

  /** 200 while messages are taken; a problem with 503 otherwise. */
  @Get()
  health(): object {
    if (!this.store.writable) {
      throw new StatusError(
        'SERVICE_NOT_AVAILABLE',
        'the store takes no messages: its disk is full or failed',
      );
    }
    return { status: 'up', cluster: this.config.brokerClusterName, broker: this.config.brokerName };
  }
}
