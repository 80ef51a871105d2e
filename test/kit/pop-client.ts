import {
  ackMessage,
  changeMessageInvisibletime,
  changeMessageInvisibletimeResponse,
  decodeRecords,
  formatReceipt,
  parseProperties,
  parseReceipt,
  popMessage,
  popMessageResponse,
  type Clock,
  type MessageRecord,
  type PopMessageHeader,
  type PopMessageResponseHeader,
  type Receipt,
} from '@halfmq/remoting';
import type { WireClient } from './wire-client.js';

/** A message a pop was answered with, and what its client makes of the answer's header. */
export interface PoppedMessage {
  readonly body: string;
  readonly record: MessageRecord;
  readonly properties: ReadonlyMap<string, string>;
  readonly receipt: Receipt;
  /** the topic it lies in: what acknowledgements name */
  readonly topic: string;
  /** ordered: how often it was handed out before */
  readonly before: number | undefined;
}

export interface PopAnswer {
  readonly code: number;
  readonly remark: string | undefined;
  readonly header: PopMessageResponseHeader | undefined;
  readonly messages: readonly PoppedMessage[];
}

/** Pops as RocketMQ's Java client does (MQClientAPIImpl.processPopResponse): receipts are made from the answer's header. */
export class PopClient {
  constructor(
    private readonly client: WireClient,
    private readonly clock: Pick<Clock, 'now'>,
    readonly group: string,
    readonly topic: string,
  ) {}

  async pop(more: Partial<PopMessageHeader> = {}): Promise<PopAnswer> {
    const header: PopMessageHeader = {
      consumerGroup: this.group,
      topic: this.topic,
      queueId: -1,
      maxMsgNums: 32,
      invisibleTime: 60_000,
      pollTime: 0,
      bornTime: this.clock.now(),
      initMode: 0,
      expType: 'TAG',
      exp: '*',
      ...more,
    };
    const answer = await this.client.ask(popMessage, header);
    const { code, remark, extFields } = answer;
    if (code !== 0 || !extFields) return { code, remark, header: undefined, messages: [] };
    const said = popMessageResponse.decode(extFields);
    const records = decodeRecords(Buffer.from(answer.body ?? []));
    return { code, remark, header: said, messages: messagesOf(said, records, this.group, this.topic) };
  }

  async bodies(more: Partial<PopMessageHeader> = {}): Promise<string[]> {
    return (await this.pop(more)).messages.map(({ body }) => body);
  }

  async ack(message: PoppedMessage): Promise<number> {
    return (await this.client.ask(ackMessage, this.naming(message))).code;
  }

  /** @returns the message with its new receipt */
  async change(message: PoppedMessage, invisibleTime: number): Promise<PoppedMessage> {
    const answer = await this.client.ask(changeMessageInvisibletime, {
      ...this.naming(message),
      invisibleTime,
    });
    if (answer.code !== 0) throw new Error(`${answer.code} ${answer.remark}`);
    const {
      popTime,
      invisibleTime: invisibleMs,
      reviveQid,
    } = changeMessageInvisibletimeResponse.decode(answer.extFields ?? {});
    const { receipt } = message;
    const start = receipt.queueOffset;
    return { ...message, receipt: { ...receipt, start, popTime, invisibleMs, reviveQueue: reviveQid } };
  }

  private naming({ topic, receipt }: PoppedMessage) {
    return {
      consumerGroup: this.group,
      topic,
      queueId: receipt.queueId,
      extraInfo: formatReceipt(receipt),
      offset: receipt.queueOffset,
    };
  }
}

/** Records of a queue come in the order of their offsets; which queue's turn it is only the offsets themselves tell. */
function messagesOf(
  said: PopMessageResponseHeader,
  records: readonly MessageRecord[],
  group: string,
  topic: string,
): PoppedMessage[] {
  const starts = rowsOf(said.startOffsetInfo);
  const offsets = new Map(
    [...rowsOf(said.msgOffsetInfo)].map(([key, row]) => [key, row.split(',').map(Number)]),
  );
  const counts = rowsOf(said.orderCountInfo);
  return records.map((record) => {
    const properties = parseProperties(record.properties);
    // what comes again brings its receipt itself
    const flag = parseReceipt(properties.get('POP_CK') ?? '')?.retryFlag ?? 0;
    const key = `${flag} ${record.queueId}`;
    if (!offsets.get(key)?.includes(record.queueOffset))
      throw new Error(`${key} does not name ${record.queueOffset}`);
    const own = counts.get(`${flag} qo${record.queueId}%${record.queueOffset}`) ?? counts.get(key);
    return {
      body: record.body.toString(),
      record,
      properties,
      topic: flag === 1 ? `%RETRY%${group}_${topic}` : topic,
      before: own === undefined ? undefined : Number(own),
      receipt: {
        start: Number(starts.get(key)),
        popTime: said.popTime,
        invisibleMs: said.invisibleTime,
        reviveQueue: said.reviveQid,
        retryFlag: flag,
        brokerName: 'broker-a',
        queueId: record.queueId,
        queueOffset: record.queueOffset,
      },
    };
  });
}

/** `R Q text;R Q text` → `R Q` → text */
function rowsOf(info: string | undefined): Map<string, string> {
  const rows = (info ?? '').split(';').filter(Boolean);
  return new Map(
    rows.map((row) => {
      const [flag, queue, text = ''] = row.split(' ');
      return [`${flag} ${queue}`, text];
    }),
  );
}
