import { propertyOf, tagsCode, type Host } from '@halfmq/remoting/record';
import type { NewMessage, PlainMessage } from '../message-store.js';

const ZERO = 0x30;

/** A verdict's record as bytes. All that are said alike in one millisecond differ in the half offset that is their body. */
export class PlainVerdict implements PlainMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: Host;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  body: Buffer;
  readonly propertyBytes: Buffer;
  readonly propertyAt = 0;
  readonly propertyLength: number;
  readonly tagsCode: number;

  constructor(verdict: NewMessage) {
    this.topic = verdict.topic;
    this.queueId = verdict.queueId;
    this.flag = verdict.flag;
    this.sysFlag = verdict.sysFlag;
    this.bornTimestamp = verdict.bornTimestamp;
    this.bornHost = verdict.bornHost;
    this.reconsumeTimes = verdict.reconsumeTimes;
    this.preparedTransactionOffset = verdict.preparedTransactionOffset;
    this.body = verdict.body;
    this.propertyBytes = Buffer.from(verdict.properties);
    this.propertyLength = this.propertyBytes.length;
    this.tagsCode = tagsCode(propertyOf(verdict.properties, 'TAGS'));
  }

  /** The same of another half message: its body is written over. */
  of(halfOffset: number): this {
    let left = halfOffset;
    let at = this.body.length - 1;
    while (--at >= 0) {
      const rest = Math.floor(left / 10);
      this.body[at] = ZERO + (left - rest * 10);
      left = rest;
    }
    if (left > 0 || (this.body[0] === ZERO && this.body.length > 2))
      this.body = Buffer.from(`${halfOffset},`);
    return this;
  }
}
