import { Controller } from '@nestjs/common';
import {
  checkClientConfig,
  consumerSendMsgBack,
  decodeLockBatchBody,
  DONE,
  encodeLockedQueues,
  lockBatchMq,
  unlockBatchMq,
  type ConsumerSendMsgBackHeader,
  type Outcome,
  type RequestContext,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { checkClientConfig as check } from './check-client-config.js';
import { Filters } from './filters.js';
import { OrderLocks } from './order-locks.js';
import { Redeliver } from './redeliver.js';

/** What consumers ask for beside messages and offsets. */
@Controller()
export class ConsumeHandlers {
  constructor(
    private readonly locks: OrderLocks,
    private readonly redeliver: Redeliver,
    private readonly filters: Filters,
  ) {}

  @Request(lockBatchMq)
  lock(_header: object, { body }: RequestContext): Outcome {
    const { consumerGroup, clientId, mqSet } = decodeLockBatchBody(body);
    return { status: 'OK', body: encodeLockedQueues(this.locks.lock(consumerGroup, clientId, mqSet)) };
  }

  @Request(unlockBatchMq)
  unlock(_header: object, { body }: RequestContext): Outcome {
    const { consumerGroup, clientId, mqSet } = decodeLockBatchBody(body);
    this.locks.unlock(consumerGroup, clientId, mqSet);
    return DONE;
  }

  @Request(consumerSendMsgBack)
  sendBack(header: ConsumerSendMsgBackHeader, { version }: RequestContext): Promise<Outcome> {
    return this.redeliver.sendBack(header, version);
  }

  @Request(checkClientConfig)
  check(_header: object, { body }: RequestContext): Outcome {
    return check(body, this.filters);
  }
}
