import { Controller } from '@nestjs/common';
import { encodeKvTable, getBrokerRuntimeInfo, type Outcome } from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { RuntimeInfo } from './runtime-info.js';

/** What tools ask about the broker itself. */
@Controller()
export class BrokerHandlers {
  constructor(private readonly runtime: RuntimeInfo) {}

  @Request(getBrokerRuntimeInfo)
  runtimeInfo(): Outcome {
    return { status: 'OK', body: encodeKvTable(this.runtime.table()) };
  }
}
