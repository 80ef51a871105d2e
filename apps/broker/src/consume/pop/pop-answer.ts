import {
  decodeRecord,
  encodeRecord,
  formatReceipt,
  ORDERED_REVIVE_QUEUE,
  PropertyName,
  propertyOf,
  recordLength,
  RetryFlag,
  type Outcome,
  type PopMessageHeader,
} from '@halfmq/remoting';
import type { Popped, PoppedMessage } from './pop-turn.js';

/** A pop's answer on the wire: records side by side, and beside them which message is which, queue by queue. */
export function popAnswer(header: PopMessageHeader, popped: Popped): Outcome {
  const { messages, popTime, rest, giveBack } = popped;
  return {
    status: 'OK',
    remark: 'FOUND',
    header: {
      popTime,
      invisibleTime: header.invisibleTime,
      reviveQid: header.order === true ? ORDERED_REVIVE_QUEUE : 0,
      restNum: rest,
      startOffsetInfo: byQueue(messages, (all) => String(all[0]?.receipt.start ?? 0)),
      msgOffsetInfo: byQueue(messages, (all) => all.map(({ receipt }) => receipt.queueOffset).join(',')),
      orderCountInfo: header.order === true ? orderCounts(messages) : undefined,
    },
    body: messages.map((message) => shown(message, header.topic)),
    written: giveBack,
  };
}

/** `R Q text` for each queue, with semicolons between them. */
function byQueue(
  messages: readonly PoppedMessage[],
  text: (all: readonly PoppedMessage[]) => string,
): string {
  return [...queues(messages)].map(([queue, all]) => `${queue} ${text(all)}`).join(';');
}

/** For the queue as a whole where all were handed out as often, else message by message. */
function orderCounts(messages: readonly PoppedMessage[]): string | undefined {
  const counts = [...queues(messages)].flatMap(([queue, all]) => {
    const [first] = all;
    const before = first?.deliveredBefore ?? 0;
    if (all.every(({ deliveredBefore }) => deliveredBefore === before)) return [`${queue} ${before}`];
    return all.map(({ receipt: { retryFlag, queueId, queueOffset }, deliveredBefore }) => {
      return `${retryFlag} qo${queueId}%${queueOffset} ${deliveredBefore ?? 0}`;
    });
  });
  return counts.length === 0 ? undefined : counts.join(';');
}

function queues(messages: readonly PoppedMessage[]): Map<string, PoppedMessage[]> {
  const found = new Map<string, PoppedMessage[]>();
  for (const message of messages) {
    const queue = `${message.receipt.retryFlag} ${message.receipt.queueId}`;
    const all = found.get(queue);
    if (all) all.push(message);
    else found.set(queue, [message]);
  }
  return found;
}

/** What comes again is shown under its own topic, with its receipt (popResponseReturnActualRetryTopic=false). */
function shown({ record, receipt }: PoppedMessage, topic: string): Buffer {
  if (receipt.retryFlag === RetryFlag.TOPIC) return record;
  const decoded = decodeRecord(record);
  const has = propertyOf(decoded.properties, PropertyName.POP_CK) !== undefined;
  const own = `${PropertyName.POP_CK}\u0001${formatReceipt(receipt)}\u0002`;
  const properties = has ? decoded.properties : `${decoded.properties}${own}`;
  const again = { ...decoded, topic, properties };
  const target = Buffer.allocUnsafe(recordLength(again));
  encodeRecord(again, target, 0);
  return target;
}
