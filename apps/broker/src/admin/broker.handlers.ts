import { Controller, Inject } from '@nestjs/common';
import {
  StatusError,
  encodeKvTable,
  getBrokerRuntimeInfo,
  viewMessageById,
  type Outcome,
  type ViewMessageByIdHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import type { MessageStore } from '@halfmq/store';
import { MESSAGE_STORE } from '../tokens.js';
import { RuntimeInfo } from './runtime-info.js';

/** What tools ask about the broker itself and about single messages. */
@Controller()
export class BrokerHandlers {
  constructor(
    private readonly runtime: RuntimeInfo,
    @Inject(MESSAGE_STORE) private readonly store: MessageStore,
  ) {}

  @Request(getBrokerRuntimeInfo)
  runtimeInfo(): Outcome {
    return { status: 'OK', body: encodeKvTable(this.runtime.table()) };
  }

  @Request(viewMessageById)
  message(header: ViewMessageByIdHeader): Outcome {
    const record = this.store.recordAt(header.offset);
    if (!record) {
      throw new StatusError('SYSTEM_ERROR', `can not find message by the offset, ${header.offset}`);
    }
    return { status: 'OK', body: record };
  }
}
