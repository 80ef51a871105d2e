import { encodeFrame, sendMessageV2, type Command, type SendMessageHeader } from '@halfmq/remoting';
import type { Answered } from '../kit/checks.js';
import type { Piece } from './frames.js';

export const INTACT_TOPIC = 'intact';
export const INTACT_QUEUES = 4;

/** A message that has to arrive as it is. */
export interface IntactMessage {
  readonly uniqueKey: string;
  readonly header: SendMessageHeader;
  readonly body: Buffer;
}

let made = 0;

/** Messages that are sent among the fuzz, and have to arrive as they were. */
export class Intact {
  private readonly name = `intact-${++made}`;
  readonly answered: Answered[] = [];
  /** could be read, and was refused: why, and how often */
  readonly refused = new Map<string, number>();
  private count = 0;

  next(): IntactMessage {
    const number = this.count++;
    const uniqueKey = `${this.name}-${number}`;
    const header = {
      producerGroup: 'intact-senders',
      topic: INTACT_TOPIC,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: INTACT_QUEUES,
      queueId: number % INTACT_QUEUES,
      sysFlag: 0,
      bornTimestamp: 1_700_000_000_000,
      flag: 0,
      properties: `UNIQ_KEY\u0001${uniqueKey}\u0002`,
    };
    return { uniqueKey, header, body: Buffer.from(`${uniqueKey}:${'☃'.repeat(number % 200)}`) };
  }

  took({ uniqueKey, body }: IntactMessage, { code, remark, extFields }: Command): void {
    if (code !== 0) return this.refuse(`${code} ${remark ?? ''}`);
    const queueId = Number(extFields?.['queueId']);
    const queueOffset = Number(extFields?.['queueOffset']);
    this.answered.push({ uniqueKey, queueId, queueOffset, body: body.toString() });
  }

  /** One that was sent by HTTP: its key is the broker's. @param text the whole answer */
  tookHttp(body: string, status: number | undefined, text: string): void {
    if (status !== 201) return this.refuse(`HTTP ${status}`);
    const answer = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as HttpSent;
    const { messageId: uniqueKey, queueId, offset: queueOffset } = answer;
    this.answered.push({ uniqueKey, queueId, queueOffset, body });
  }

  private refuse(why: string): void {
    this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
  }
}

interface HttpSent {
  readonly messageId: string;
  readonly queueId: number;
  readonly offset: number;
}

export function framed({ header, body }: IntactMessage, opaque: number): Piece {
  const extFields = sendMessageV2.encode(header);
  const command = { code: sendMessageV2.code, opaque, flag: 0, extFields, body };
  return { what: 'a message that has to arrive', bytes: Buffer.concat(encodeFrame(command)) };
}
