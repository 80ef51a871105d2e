import { endTransaction, SysFlag } from '@halfmq/remoting';
import { WireClient, type ReceivedCheck, type SentHalf } from '../kit/wire-client.js';

const BODY = 'x'.repeat(1024);
const BUSY_MS = 250;
const BUSY_TRIES = 20;

export type Said = 'commit' | 'rollback' | 'unknown';

const FLAG = {
  commit: SysFlag.TRANSACTION_COMMIT,
  rollback: SysFlag.TRANSACTION_ROLLBACK,
  unknown: 0,
} as const;

export interface TimedCheck extends ReceivedCheck {
  /** ms, of this process */
  readonly at: number;
}

export const now = (): number => performance.now();

export const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A producer of one group as a classic client is one: it says its group in a heartbeat, and sends verdicts one-way. */
export class Producer {
  readonly checks: TimedCheck[] = [];
  /** what it answers; undefined: nothing */
  answers: (check: TimedCheck) => Said | undefined = () => 'unknown';
  private readonly client: WireClient;

  constructor(
    address: string,
    readonly group: string,
  ) {
    this.client = new WireClient(address);
    this.client.onCheck = (check) => void this.asked({ ...check, at: now() }).catch(() => undefined);
  }

  heartbeat(): Promise<void> {
    return this.client.producer(this.group);
  }

  /** Again while the broker says that it is busy. */
  async prepare(
    topic: string,
    properties: Record<string, string> = {},
    bornTimestamp = Date.now(),
  ): Promise<SentHalf> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.client.half(this.group, topic, BODY, properties, { bornTimestamp });
      } catch (error) {
        if (tries === BUSY_TRIES || !/refused: 2 /.test(String(error))) throw error;
        await passed(BUSY_MS);
      }
    }
  }

  private async asked(check: TimedCheck): Promise<void> {
    this.checks.push(check);
    const said = this.answers(check);
    if (said !== undefined) await this.answer(check, said);
  }

  about({ uniqueKey }: SentHalf): TimedCheck[] {
    return this.checks.filter(({ header }) => header.transactionId === uniqueKey);
  }

  answer({ header, record }: ReceivedCheck, said: Said): Promise<void> {
    const { tranStateTableOffset, commitLogOffset, msgId, transactionId } = header;
    return this.client.say(endTransaction, {
      topic: record.topic,
      producerGroup: this.group,
      tranStateTableOffset,
      commitLogOffset,
      commitOrRollback: FLAG[said],
      fromTransactionCheck: true,
      msgId: msgId ?? '',
      transactionId,
    });
  }

  /** By the names the half message got when it was sent. @returns the code it is answered with */
  async end(half: SentHalf, said: 'commit' | 'rollback'): Promise<number> {
    return (await this.client[said](half)).code;
  }

  endOneWay(half: SentHalf, said: 'commit' | 'rollback'): Promise<void> {
    return this.client.say(endTransaction, this.client.verdict(half, FLAG[said]));
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
