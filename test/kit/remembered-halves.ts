import { randomUUID } from 'node:crypto';
import { BrokerRefused, BrokerUnreachable } from '@halfmq/transaction';
import type {
  HalfMessages,
  KeyedSends,
  HalfReceipt,
  OutgoingMessage,
  ReceivedMessage,
  TransactionState,
} from '@halfmq/transaction';

/** An ordinary message. */
interface Sent {
  readonly message: OutgoingMessage;
  readonly uniqueKey: string;
}

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
  /** topics whose broker is away */
  readonly away = new Set<string>();
  /** ordinary messages that were stored */
  readonly sent: Sent[] = [];
  /** bodies in the order in which consumers could see them */
  readonly visible: string[] = [];
  /** what was tried in vain */
  readonly inVain: string[] = [];
  readonly keyed: KeyedSends = {
    keyFor: () => randomUUID(),
    send: async (message, uniqueKey) => {
      this.mustBeThere(message.topic);
      this.sent.push({ message, uniqueKey });
      this.visible.push(String(message.body));
      await this.whenStored();
    },
  };

  async prepare(message: OutgoingMessage): Promise<HalfReceipt> {
    this.mustBeThere(message.topic);
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
    if (!remembered) return;
    remembered.verdict = verdict;
    if (verdict === 'commit') this.visible.push(String(remembered.message.body));
  }

  private mustBeThere(topic: string): void {
    if (!this.refused.has(topic) && !this.away.has(topic)) return;
    this.inVain.push(topic);
    if (this.away.has(topic)) throw new BrokerUnreachable('broker-a', '127.0.0.1:1');
    throw new BrokerRefused('broker-a', '127.0.0.1:1', 'MESSAGE_ILLEGAL', 13, `no broker takes ${topic}`);
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
