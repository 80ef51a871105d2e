import { Controller } from '@nestjs/common';
import {
  ackMessage,
  batchAckMessage,
  changeMessageInvisibletime,
  decodeBatchAcks,
  DONE,
  notification,
  parseReceipt,
  peekMessage,
  pollingInfo,
  popMessage,
  StatusError,
  type AckMessageHeader,
  type ChangeMessageInvisibletimeHeader,
  type NotificationHeader,
  type Outcome,
  type PeekMessageHeader,
  type PollingInfoHeader,
  type PopMessageHeader,
  type Receipt,
  type RequestContext,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Acknowledge } from './acknowledge.js';
import { HeldPops } from './held-pops.js';
import { Notify } from './notify.js';
import { Peek } from './peek.js';
import { PopArrivals } from './pop-arrivals.js';

/** Pops, and what becomes of what was popped. */
@Controller()
export class PopHandlers {
  constructor(
    private readonly pops: PopArrivals,
    private readonly peeks: Peek,
    private readonly acknowledge: Acknowledge,
    private readonly notify: Notify,
    private readonly held: HeldPops,
  ) {}

  @Request(popMessage)
  pop(header: PopMessageHeader, context: RequestContext): Outcome {
    return this.pops.arrived(header, context);
  }

  @Request(peekMessage)
  peek(header: PeekMessageHeader): Outcome {
    return this.peeks.now(header);
  }

  @Request(ackMessage)
  ack(header: AckMessageHeader): Outcome {
    const { consumerGroup: group, topic } = header;
    this.acknowledge.done({ group, topic, receipt: receiptOf(header) });
    return DONE;
  }

  @Request(batchAckMessage)
  ackBatch(_header: object, { body }: RequestContext): Outcome {
    const acks = decodeBatchAcks(body);
    if (acks.length === 0) throw new StatusError('NO_MESSAGE', 'acks expected, got none');
    for (const ack of acks) this.acknowledge.batch(ack);
    return DONE;
  }

  @Request(changeMessageInvisibletime)
  change(header: ChangeMessageInvisibletimeHeader): Outcome {
    const { consumerGroup: group, topic, invisibleTime } = header;
    const receipt = receiptOf(header);
    const changed = this.acknowledge.change({ group, topic, receipt }, invisibleTime);
    const { popTime, invisibleMs, reviveQueue } = changed ?? {
      popTime: 0,
      invisibleMs: 0,
      reviveQueue: receipt.reviveQueue,
    };
    return { status: 'OK', header: { popTime, invisibleTime: invisibleMs, reviveQid: reviveQueue } };
  }

  @Request(notification)
  notification(header: NotificationHeader, context: RequestContext): Outcome {
    return this.notify.arrived(header, context);
  }

  @Request(pollingInfo)
  pollingInfo({ topic, consumerGroup, queueId }: PollingInfoHeader): Outcome {
    return { status: 'OK', header: { pollingNum: this.held.count(topic, consumerGroup, queueId) } };
  }
}

/** What the receipt says of the queue is what counts; the header names the message. */
function receiptOf({ extraInfo, queueId, offset }: AckMessageHeader): Receipt {
  const receipt = parseReceipt(extraInfo);
  if (!receipt)
    throw new StatusError('INVALID_PARAMETER', `extraInfo expected a receipt of 8 fields, got ${extraInfo}`);
  return { ...receipt, queueId, queueOffset: offset };
}
