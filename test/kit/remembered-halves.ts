import { randomUUID } from 'node:crypto';
import type {
  HalfMessages,
  HalfReceipt,
  OutgoingMessage,
  ReceivedMessage,
  TransactionState,
} from '@halfmq/transaction';

interface Remembered {
  readonly message: OutgoingMessage;
  readonly receipt: HalfReceipt;
  verdict?: TransactionState;
}

/** The broker's side of the port, in memory, so that each of its steps can be made to fail. */
export class RememberedHalves implements HalfMessages {
  readonly all: Remembered[] = [];
  /** topics whose half messages are refused */
  readonly refused = new Set<string>();
  /** happens after a half message was stored, before its sender hears of it */
  whenStored: () => Promise<unknown> = () => Promise.resolve();
  /** what END is answered with, instead of success */
  endFails: Error | undefined;

  async prepare(message: OutgoingMessage): Promise<HalfReceipt> {
    if (this.refused.has(message.topic)) throw new Error(`no broker takes ${message.topic}`);
    const receipt = {
      topic: message.topic,
      group: 'tests',
      brokerName: 'broker-a',
      address: '127.0.0.1:1',
      uniqueKey: randomUUID(),
      offsetMessageId: '',
      halfOffset: this.all.length,
      physicalOffset: this.all.length,
    };
    this.all.push({ message, receipt });
    await this.whenStored();
    return receipt;
  }

  async end(half: HalfReceipt, verdict: TransactionState): Promise<void> {
    if (this.endFails) throw this.endFails;
    const remembered = this.all.find((one) => one.receipt === half);
    if (remembered) remembered.verdict = verdict;
  }

  get verdicts(): (TransactionState | undefined)[] {
    return this.all.map((half) => half.verdict);
  }

  /** A half message as a check-back shows it. */
  asked(index: number): ReceivedMessage {
    const half = this.all[index];
    if (!half) throw new Error(`there is no half message ${index}`);
    const { message, receipt } = half;
    return {
      topic: message.topic,
      body: Buffer.from(message.body),
      tag: message.tag,
      keys: message.keys ?? [],
      properties: new Map(Object.entries(message.properties ?? {})),
      messageId: receipt.uniqueKey,
      offsetMessageId: '',
      brokerName: receipt.brokerName,
      queueId: 0,
      queueOffset: 0,
      reconsumeTimes: 0,
      bornTimestamp: 0,
      storeTimestamp: 0,
      transactionId: receipt.uniqueKey,
    };
  }
}
