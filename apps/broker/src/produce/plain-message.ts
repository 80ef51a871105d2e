import {
  BatchReader,
  StatusError,
  SysFlag,
  tagsCodeIn,
  type Host,
  type PlainSend,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { PlainBatch, PlainHalf, PlainMessage, Waits } from '@halfmq/store';
import { groupOfRetryTopic, SystemTopic } from '../directory/topic-names.js';
import { makeHalf } from './half.js';

/** A message on its way into the store without a string made of it; one object, filled again for each. */
export class PlainToStore implements PlainHalf {
  topic = '';
  queueId = 0;
  flag = 0;
  sysFlag = 0;
  bornTimestamp = 0;
  bornHost: Host = { address: Buffer.alloc(0), port: 0 };
  reconsumeTimes = 0;
  readonly preparedTransactionOffset = 0;
  body: Buffer = Buffer.alloc(0);
  propertyBytes: Uint8Array = this.body;
  propertyAt = 0;
  propertyLength = 0;
  tagsCode = 0;
  waits: Waits | undefined = undefined;
  producerGroup = '';
  realTopic = '';
  transaction = '';

  /** What comes from the header. */
  from(header: SendMessageHeader, topic: string, sysFlag: number, bornHost: Host): this {
    this.topic = topic;
    this.queueId = header.queueId;
    this.flag = header.flag;
    this.sysFlag = sysFlag;
    this.bornTimestamp = header.bornTimestamp;
    this.bornHost = bornHost;
    this.reconsumeTimes = header.reconsumeTimes ?? 0;
    return this;
  }

  /** The body and properties of a plain send. */
  with({ body, propertyBytes }: PlainSend): this {
    this.body = body;
    this.propertyBytes = propertyBytes.bytes;
    this.propertyAt = 0;
    this.propertyLength = propertyBytes.length;
    this.tagsCode = propertyBytes.tagsCode;
    return this;
  }

  /** What `halfMessage` makes of a message. @throws StatusError MESSAGE_ILLEGAL */
  half(send: PlainSend): this {
    const { propertyBytes } = send;
    this.producerGroup = propertyBytes.group(send.producerGroup);
    this.realTopic = this.topic;
    this.transaction = propertyBytes.transaction;
    makeHalf(send, this.topic);
    this.propertyLength = propertyBytes.length;
    this.topic = SystemTopic.HALF;
    this.queueId = 0;
    this.sysFlag &= ~SysFlag.TRANSACTION_MASK;
    return this;
  }
}

/** The messages of a batch's body; topic, queue and born data are those of its envelope. */
export class BatchToStore implements PlainBatch {
  private readonly reader: BatchReader;

  /** @throws StatusError MESSAGE_ILLEGAL */
  constructor(
    private readonly envelope: PlainToStore,
    private readonly source: Buffer,
  ) {
    if (groupOfRetryTopic(envelope.topic) !== undefined) {
      throw new StatusError('MESSAGE_ILLEGAL', 'batch request does not support retry group');
    }
    this.reader = new BatchReader(source);
    if (this.count === 0) throw new StatusError('MESSAGE_ILLEGAL', 'the batch holds no message');
    envelope.propertyBytes = source;
  }

  get waits(): Waits | undefined {
    return this.envelope.waits;
  }

  get count(): number {
    return this.reader.count;
  }

  get bytes(): number {
    return this.reader.bytes;
  }

  first(): PlainMessage {
    this.reader.rewind();
    return this.next();
  }

  next(): PlainMessage {
    const { envelope, source, reader } = this;
    reader.next();
    envelope.flag = reader.flag;
    envelope.body = source.subarray(reader.bodyAt, reader.bodyEnd);
    envelope.propertyAt = reader.propertiesAt;
    envelope.propertyLength = reader.end - reader.propertiesAt;
    envelope.tagsCode = tagsCodeIn(source, reader.propertiesAt, reader.end);
    return envelope;
  }
}
