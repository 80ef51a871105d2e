import {
  ackMessage,
  batchAckMessage,
  encodeBatchAcks,
  formatReceipt,
  ORDERED_REVIVE_QUEUE,
  ResponseCode,
  RetryFlag,
  STATUS,
  type BatchAck,
} from '@halfmq/remoting';
import type { HandedOut } from '../../consume/pop/acknowledge.js';
import { refused, type Wire } from './wire.js';

interface Waiting {
  readonly message: HandedOut;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MOST_AT_ONCE = 1_024;
/** A bit for each offset from the first of the pop on: one that lies further behind is said alone. */
const WIDEST_SPAN = 1_024;

/**
 * Tells a broker that is elsewhere what is done: what comes in one turn of the event loop goes in one request
 * (BATCH_ACK_MESSAGE). A broker that does not know them, as RocketMQ 5.0, is told each alone.
 */
export class Acks {
  private waiting: Waiting[] = [];
  private isOneByOne = false;

  constructor(
    /** of the broker */
    private readonly name: string,
    private readonly address: string,
    private readonly wire: Wire,
  ) {}

  /** Resolves when the broker was told. @throws StatusError it was refused; RemotingError */
  done(message: HandedOut): Promise<void> {
    if (this.isOneByOne || goesAlone(message)) return this.alone(message);
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, resolve, reject });
      if (this.waiting.length === 1) setImmediate(() => this.tell());
    });
  }

  private tell(): void {
    const { waiting } = this;
    this.waiting = [];
    while (waiting.length > 0) void this.together(waiting.splice(0, MOST_AT_ONCE));
  }

  /** Never rejects: those that wait are told. */
  private async together(waiting: readonly Waiting[]): Promise<void> {
    if (waiting.length === 1) return this.each(waiting);
    try {
      const body = encodeBatchAcks(this.name, popsOf(waiting));
      const answer = await this.wire.ask(this.address, { spec: batchAckMessage, header: {}, body });
      if (answer.code === STATUS.SYSTEM_BUSY.code) throw refused(answer);
      if (answer.code === STATUS.REQUEST_CODE_NOT_SUPPORTED.code) this.isOneByOne = true;
      // one that is wrong may have spoilt it for all
      if (answer.code !== ResponseCode.SUCCESS) return await this.each(waiting);
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  private async each(waiting: readonly Waiting[]): Promise<void> {
    await Promise.all(
      waiting.map(({ message, resolve, reject }) => this.alone(message).then(resolve, reject)),
    );
  }

  private async alone({ group: consumerGroup, topic, receipt }: HandedOut): Promise<void> {
    const { queueId, queueOffset: offset } = receipt;
    const extraInfo = formatReceipt(receipt);
    const header = { consumerGroup, topic, queueId, extraInfo, offset, bname: this.name };
    await this.wire.call(this.address, { spec: ackMessage, header });
  }
}

/** In order there is seldom more than one, and what a broker says of it counts. */
function goesAlone({ receipt: { reviveQueue, queueOffset, start } }: HandedOut): boolean {
  return reviveQueue === ORDERED_REVIVE_QUEUE || queueOffset < start || queueOffset - start >= WIDEST_SPAN;
}

/** An entry for each pop: its messages have all of a receipt but the offset in common. */
function popsOf(waiting: readonly Waiting[]): BatchAck[] {
  const pops = new Map<string, BatchAck & { readonly offsets: number[] }>();
  for (const { message } of waiting) {
    const { group, topic, receipt } = message;
    const { start, popTime, invisibleMs, reviveQueue, queueId, queueOffset } = receipt;
    const key = [group, topic, start, popTime, invisibleMs, reviveQueue, queueId].join('\0');
    const pop = pops.get(key);
    if (pop) pop.offsets.push(queueOffset);
    // the topic is the one they lie in, of what came again the retry topic, and named as such
    else pops.set(key, { ...receipt, group, topic, retryFlag: RetryFlag.TOPIC, offsets: [queueOffset] });
  }
  return [...pops.values()];
}
