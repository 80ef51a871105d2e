import {
  checkTransactionState,
  decodeRecord,
  decodeRecords,
  DONE,
  endTransaction,
  formatProperties,
  getMaxOffset,
  HandlerTable,
  heartBeat,
  parseProperties,
  pullMessage,
  pullMessageResponse,
  PullSysFlag,
  RemotingClient,
  sendMessageResponse,
  sendMessageV2,
  silentLog,
  SysFlag,
  systemClock,
  type CheckTransactionStateHeader,
  type Command,
  type MessageRecord,
  type PullMessageHeader,
  type PullMessageResponseHeader,
  type RequestSpec,
} from '@halfmq/remoting';

/** A half message as its sender knows it. */
export interface SentHalf {
  readonly topic: string;
  readonly group: string;
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly uniqueKey: string;
}

export interface ReceivedCheck {
  readonly header: CheckTransactionStateHeader;
  readonly record: MessageRecord;
  readonly properties: ReadonlyMap<string, string>;
}

export interface Pulled {
  readonly code: number;
  readonly remark: string | undefined;
  readonly header: PullMessageResponseHeader;
  readonly records: MessageRecord[];
}

let keys = 0;

/** One connection that says what a RocketMQ client would, word by word. */
export class WireClient {
  /** Every CHECK_TRANSACTION_STATE that came. */
  readonly checks: ReceivedCheck[] = [];
  /** Answers them, if it is to be more than remembered. */
  onCheck: (check: ReceivedCheck) => void = () => undefined;
  private readonly producers = new Map<string, object>();
  private readonly client: RemotingClient;

  constructor(private readonly address: string) {
    const handlers = new HandlerTable().add(checkTransactionState, (header, { body }) => {
      const record = decodeRecord(Buffer.from(body));
      const check = { header, record, properties: parseProperties(record.properties) };
      this.checks.push(check);
      this.onCheck(check);
      return DONE;
    });
    this.client = new RemotingClient({ clock: systemClock, log: silentLog, handlers });
  }

  close(): Promise<void> {
    return this.client.close();
  }

  ask<H>(spec: RequestSpec<H>, header: H, body?: Buffer | object): Promise<Command> {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    return this.client.request(this.address, spec, header, bytes, { timeoutMs: 10_000 });
  }

  say<H>(spec: RequestSpec<H>, header: H): Promise<void> {
    return this.client.oneWay(this.address, spec, header);
  }

  /** When it returns, everything the broker had written on this connection before is here. */
  async settle(): Promise<void> {
    await this.ask(getMaxOffset, { topic: 'settle', queueId: 0 });
  }

  /** @param topics transactionalTopics, as our own client declares them */
  producer(group: string, topics?: readonly string[]): Promise<void> {
    this.producers.set(group, { groupName: group, ...(topics && { transactionalTopics: topics }) });
    return this.beat();
  }

  /** The heartbeat of a client that sent half messages or said that it is a producer. */
  async beat(): Promise<void> {
    const body = { clientID: 'client', producerDataSet: [...this.producers.values()], consumerDataSet: [] };
    await this.ask(heartBeat, {}, body);
  }

  async consumer(group: string, subscriptions: Record<string, string>, more: object = {}): Promise<void> {
    const subscriptionDataSet = Object.entries(subscriptions).map(([topic, subString]) => ({
      classFilterMode: false,
      topic,
      subString,
      tagsSet: [],
      codeSet: [],
      subVersion: 1,
      expressionType: 'TAG',
    }));
    const one = {
      groupName: group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet,
      unitMode: false,
      ...more,
    };
    await this.ask(heartBeat, {}, { clientID: 'client', producerDataSet: [], consumerDataSet: [one] });
  }

  async send(
    topic: string,
    body: string,
    properties: Record<string, string> = {},
    more: { queueId?: number; group?: string; sysFlag?: number; bornTimestamp?: number } = {},
  ): Promise<{
    code: number;
    remark: string | undefined;
    queueOffset: number;
    msgId: string;
    uniqueKey: string;
  }> {
    const uniqueKey = `KEY${String(++keys).padStart(29, '0')}`;
    const answer = await this.ask(
      sendMessageV2,
      {
        producerGroup: more.group ?? 'senders',
        topic,
        defaultTopic: 'TBW102',
        defaultTopicQueueNums: 4,
        queueId: more.queueId ?? 0,
        sysFlag: more.sysFlag ?? 0,
        bornTimestamp: more.bornTimestamp ?? 0,
        flag: 7,
        properties: formatProperties(Object.entries({ UNIQ_KEY: uniqueKey, ...properties })),
      },
      Buffer.from(body),
    );
    const { code, remark } = answer;
    if (code !== 0) return { code, remark, queueOffset: -1, msgId: '', uniqueKey };
    const { queueOffset, msgId } = sendMessageResponse.decode(answer.extFields ?? {});
    return { code, remark, queueOffset, msgId, uniqueKey };
  }

  async half(
    group: string,
    topic: string,
    body: string,
    properties: Record<string, string> = {},
    more: { queueId?: number; bornTimestamp?: number } = {},
  ): Promise<SentHalf> {
    if (!this.producers.has(group)) this.producers.set(group, { groupName: group });
    const prepared = { TRAN_MSG: 'true', PGROUP: group, ...properties };
    const sysFlag = SysFlag.TRANSACTION_PREPARED;
    const sent = await this.send(topic, body, prepared, { ...more, group, sysFlag });
    if (sent.code !== 0) throw new Error(`half message refused: ${sent.code} ${sent.remark ?? ''}`);
    const physicalOffset = Number.parseInt(sent.msgId.slice(-16), 16);
    return { topic, group, halfOffset: sent.queueOffset, physicalOffset, uniqueKey: sent.uniqueKey };
  }

  verdict(
    half: SentHalf,
    commitOrRollback: number,
    more: object = {},
  ): Parameters<typeof endTransaction.encode>[0] {
    return {
      topic: half.topic,
      producerGroup: half.group,
      tranStateTableOffset: half.halfOffset,
      commitLogOffset: half.physicalOffset,
      commitOrRollback,
      fromTransactionCheck: false,
      msgId: half.uniqueKey,
      transactionId: half.uniqueKey,
      ...more,
    };
  }

  commit(half: SentHalf, more: object = {}): Promise<Command> {
    return this.ask(endTransaction, this.verdict(half, SysFlag.TRANSACTION_COMMIT, more));
  }

  rollback(half: SentHalf, more: object = {}): Promise<Command> {
    return this.ask(endTransaction, this.verdict(half, SysFlag.TRANSACTION_ROLLBACK, more));
  }

  async pull(topic: string, queueOffset: number, more: Partial<PullMessageHeader> = {}): Promise<Pulled> {
    const answer = await this.ask(pullMessage, {
      consumerGroup: 'readers',
      topic,
      queueId: 0,
      queueOffset,
      maxMsgNums: 32,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 15_000,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
      ...more,
    });
    return {
      code: answer.code,
      remark: answer.remark,
      header: pullMessageResponse.decode(answer.extFields ?? {}),
      records: answer.code === 0 ? decodeRecords(Buffer.from(answer.body)) : [],
    };
  }

  /** Bodies of all messages of one queue. */
  async bodies(topic: string, queueId = 0): Promise<string[]> {
    const { records } = await this.pull(topic, 0, { queueId });
    return records.map(({ body }) => body.toString());
  }
}
