import {
  ackMessage,
  batchAckMessage,
  encodeBatchAcks,
  ResponseCode,
  type AckMessageHeader,
  type BatchAck,
  type Receipt,
} from '@halfmq/remoting';
import type { BrokerAddress, BrokerRequests, RequestTo } from '../../broker-requests.js';
import { BrokerRefused } from '../../errors.js';

/** What is asked of the broker that knows a message. */
export interface Ack {
  readonly broker: BrokerAddress;
  /** it was popped under; of what comes again the flag of its receipt says where it lies */
  readonly topic: string;
  readonly receipt: Receipt;
  /** the same alone */
  readonly header: () => AckMessageHeader;
}

interface Waiting {
  readonly ack: Ack;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MOST_AT_ONCE = 256;
/** A bit for each offset from the first of the pop on: one that lies further behind is said alone. */
const WIDEST_SPAN = 1_024;

/**
 * Tells brokers what is done. One request a broker is under way at a time: what is done meanwhile goes together with the next
 * one (BATCH_ACK_MESSAGE), so a message that is done while nothing else is waits for nothing, and many cost a request together. A
 * broker that does not know them, as RocketMQ 5.0, is told each alone.
 */
export class Acks {
  /** by broker name; there is an entry while a request is under way */
  private readonly waiting = new Map<string, Waiting[]>();
  private readonly oneByOne = new Set<string>();

  constructor(
    private readonly group: string,
    private readonly brokers: BrokerRequests,
  ) {}

  /** Resolves when its broker was told. @throws BrokerUnreachable, BrokerRefused, RemotingError */
  acknowledge(ack: Ack): Promise<void> {
    const { brokerName } = ack.broker;
    if (this.oneByOne.has(brokerName)) return this.alone(ack);
    return new Promise((resolve, reject) => {
      const one = { ack, resolve, reject };
      const others = this.waiting.get(brokerName);
      if (others) others.push(one);
      else void this.bring(brokerName, [one]);
    });
  }

  private async bring(brokerName: string, first: readonly Waiting[]): Promise<void> {
    const waiting: Waiting[] = [...first];
    this.waiting.set(brokerName, waiting);
    while (waiting.length > 0) await this.tell(waiting.splice(0, MOST_AT_ONCE));
    this.waiting.delete(brokerName);
  }

  /** Never rejects: those that wait are told. */
  private async tell(all: readonly Waiting[]): Promise<void> {
    const far = all.filter(isFar);
    const near = all.filter((one) => !isFar(one));
    await Promise.all([...far.map((one) => this.each(one)), this.together(near)]);
  }

  private async together(all: readonly Waiting[]): Promise<void> {
    const [first] = all;
    if (!first) return;
    const { broker } = first.ack;
    if (all.length === 1 || this.oneByOne.has(broker.brokerName)) {
      await Promise.all(all.map((one) => this.each(one)));
      return;
    }
    try {
      await this.brokers.call(broker, this.batchOf(all.map(({ ack }) => ack)));
      for (const { resolve } of all) resolve();
    } catch (error) {
      if (!isUnknown(error)) return all.forEach(({ reject }) => reject(error));
      this.oneByOne.add(broker.brokerName);
      await Promise.all(all.map((one) => this.each(one)));
    }
  }

  private async each({ ack, resolve, reject }: Waiting): Promise<void> {
    await this.alone(ack).then(resolve, reject);
  }

  private async alone({ broker, header }: Ack): Promise<void> {
    await this.brokers.call(broker, { spec: ackMessage, header: header() });
  }

  /** An entry for each pop: its messages have all of a receipt but the offset in common. */
  private batchOf(acks: readonly Ack[]): RequestTo<object> {
    const pops = new Map<string, BatchAck & { readonly offsets: number[] }>();
    for (const { topic, receipt } of acks) {
      const { start, popTime, invisibleMs, reviveQueue, retryFlag, queueId, queueOffset } = receipt;
      const key = [topic, start, popTime, invisibleMs, reviveQueue, retryFlag, queueId].join(' ');
      const pop = pops.get(key);
      if (pop) pop.offsets.push(queueOffset);
      else pops.set(key, { ...receipt, group: this.group, topic, offsets: [queueOffset] });
    }
    const body = encodeBatchAcks(acks[0]?.broker.brokerName ?? '', [...pops.values()]);
    return { spec: batchAckMessage, header: {}, body };
  }
}

function isFar({ ack: { receipt } }: Waiting): boolean {
  return receipt.queueOffset - receipt.start >= WIDEST_SPAN;
}

function isUnknown(error: unknown): boolean {
  return error instanceof BrokerRefused && error.responseCode === ResponseCode.REQUEST_CODE_NOT_SUPPORTED;
}
