import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  BINARY_HEADER,
  CommandFlag,
  decodeFrame,
  decodeOffsetMessageId,
  decodeRecord,
  encodeFrame,
  endTransaction,
  FrameSplitter,
  JSON_HEADER,
  ManualClock,
  sendMessageV2,
  SysFlag,
  viewMessageById,
  type Command,
  type RequestSpec,
  type SerializeType,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader } from '../kit/sends.js';

// two brokers, on a machine that may be busy
jest.setTimeout(30_000);

const TOPIC = 'orders';
const KEY = 'UNIQ_KEY\u0001';

interface HalfStep {
  readonly does: 'half';
  /** beside UNIQ_KEY and TRAN_MSG */
  readonly properties: string;
  readonly header: object;
  readonly body: string;
}
interface EndStep {
  readonly does: 'end';
  /** which of those sent before, the latest first */
  readonly which: number;
  readonly header: object;
  readonly flag: number;
}
type Step = HalfStep | EndStep;

const some = (...texts: string[]): fc.Arbitrary<string> =>
  fc.subarray(texts).map((chosen) => chosen.map((text) => `${text}\u0002`).join(''));
const properties = fc
  .tuple(
    some('TAGS\u0001a', 'KEYS\u0001k1 k2', 'PGROUP\u0001senders', 'WAIT\u0001true', 'user\u0001x_y'),
    fc.oneof(
      { arbitrary: fc.constant(''), weight: 6 },
      some('HALFMQ_TX\u0001tx-1', 'CHECK_IMMUNITY_TIME_IN_SECONDS\u00019', 'PGROUP\u0001others'),
      some('DELAY\u00011', 'REAL_TOPIC\u0001Other', 'TRAN_MSG\u0001false', `p\u0001${'y'.repeat(33_000)}`),
      some('name\u0001\u00e9', 'TAGS\u0001\u00e9', `UNIQ_KEY\u0001${'k'.repeat(17_000)}`),
    ),
  )
  .map((parts) => parts.join(''));
const half: fc.Arbitrary<HalfStep> = fc.record({
  does: fc.constant('half' as const),
  properties,
  header: fc.oneof(
    { arbitrary: fc.constantFrom({}, { queueId: 3 }), weight: 6 },
    fc.constantFrom({ sysFlag: 0 }, { queueId: 99 }, { topic: 'no topic' }, { producerGroup: 'g\u00e9' }),
  ),
  body: fc.constantFrom('body', 'another', ''),
});
const end: fc.Arbitrary<EndStep> = fc.record({
  does: fc.constant('end' as const),
  which: fc.nat({ max: 2 }),
  header: fc.oneof(
    { arbitrary: fc.constantFrom({}, { commitOrRollback: SysFlag.TRANSACTION_ROLLBACK }), weight: 6 },
    fc.constantFrom(
      { fromTransactionCheck: true },
      { commitOrRollback: 0 },
      { producerGroup: 'strangers' },
      { transactionId: 'ANOTHER', msgId: 'ANOTHER' },
      { transactionId: undefined },
      { commitLogOffset: 1 },
      { tranStateTableOffset: 7_000 },
    ),
  ),
  flag: fc.constantFrom(0, 0, 0, CommandFlag.ONE_WAY),
});
const scripts = fc.array(fc.oneof<fc.Arbitrary<Step>[]>(half, end), { minLength: 8, maxLength: 16 });

/** A connection whose requests have headers of one kind: JSON ones as clients write them go the express way. */
class Talk {
  private readonly waiting = new Map<number, (answer: Command) => void>();
  private readonly splitter = new FrameSplitter();
  private opaque = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly serializeType: SerializeType,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.splitter.push(chunk);
      for (let frame = this.splitter.next(); frame; frame = this.splitter.next()) {
        const answer = decodeFrame(frame);
        this.waiting.get(answer.opaque)?.(answer);
      }
    });
  }

  static async to(broker: InProcessBroker, serializeType: SerializeType): Promise<Talk> {
    const socket = connect(broker.broker.port, '127.0.0.1').setNoDelay();
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    return new Talk(socket, serializeType);
  }

  async ask<H>(spec: RequestSpec<H>, header: H, body = '', flag = 0): Promise<Command | undefined> {
    const opaque = this.opaque++;
    const { code } = spec;
    const { serializeType } = this;
    const extFields = spec.encode(header);
    const command = { code, opaque, flag, extFields, serializeType, body: Buffer.from(body) };
    const answered = new Promise<Command>((resolve) => this.waiting.set(opaque, resolve));
    this.socket.write(Buffer.concat(encodeFrame(command)));
    return flag === 0 ? answered : undefined;
  }

  close(): void {
    this.socket.destroy();
  }
}

const NEVER_SENT = { halfOffset: 0, physicalOffset: 0, key: '', group: '' };

/** A broker that hears a script in one of the two ways, and what it makes of it. */
class Side {
  private readonly halves: { halfOffset: number; physicalOffset: number; key: string; group: string }[] = [];
  private keys = 0;
  private logRead = 0;

  constructor(
    private readonly broker: InProcessBroker,
    private readonly talk: Talk,
  ) {}

  static async start(serializeType: SerializeType): Promise<Side> {
    const clock = new ManualClock(Date.UTC(2026, 10, 25));
    const broker = await InProcessBroker.start({ clock, properties: { maxMessageSize: '1024' } });
    return new Side(broker, await Talk.to(broker, serializeType));
  }

  async close(): Promise<void> {
    this.talk.close();
    await this.broker.close();
  }

  /** @returns what was answered, and the log's new records */
  async play(script: readonly Step[]): Promise<unknown[]> {
    const heard: unknown[] = [];
    for (const step of script) {
      heard.push(told(await (step.does === 'half' ? this.half(step) : this.end(step))));
    }
    return [...heard, ...(await this.records())];
  }

  private async half({ properties: more, header, body }: HalfStep): Promise<Command | undefined> {
    const key = `K${this.keys++}`;
    const all = `${KEY}${key}\u0002TRAN_MSG\u0001true\u0002${more}`;
    const sysFlag = SysFlag.TRANSACTION_PREPARED;
    const sent = sendHeader(TOPIC, { sysFlag, properties: all, ...header });
    const answer = await this.talk.ask(sendMessageV2, sent, body);
    const { msgId = '', queueOffset } = answer?.extFields ?? {};
    const physicalOffset = decodeOffsetMessageId(msgId)?.physicalOffset;
    if (physicalOffset !== undefined) {
      const group = /PGROUP\u0001(\w+)/.exec(more)?.[1] ?? sent.producerGroup;
      this.halves.unshift({ halfOffset: Number(queueOffset), physicalOffset, key, group });
    }
    return answer;
  }

  private end({ which, header, flag }: EndStep): Promise<Command | undefined> {
    const { halfOffset, physicalOffset, key, group } = this.halves[which] ?? NEVER_SENT;
    const named = { topic: TOPIC, producerGroup: group, msgId: key, transactionId: key };
    const offsets = { tranStateTableOffset: halfOffset, commitLogOffset: physicalOffset };
    const commit = { commitOrRollback: SysFlag.TRANSACTION_COMMIT, fromTransactionCheck: false };
    return this.talk.ask(endTransaction, { ...named, ...offsets, ...commit, ...header }, '', flag);
  }

  private async records(): Promise<object[]> {
    const records: object[] = [];
    for (;;) {
      const { code, body } = (await this.talk.ask(viewMessageById, { offset: this.logRead })) as Command;
      if (code !== 0) return records;
      const { size, bornHost, storeHost, ...record } = decodeRecord(Buffer.from(body));
      this.logRead += size;
      records.push({ ...record, bornHost: bornHost.address, storeHost: storeHost.address });
    }
  }
}

/** Without the port that is part of an offset message id. */
function told(answer: Command | undefined): unknown {
  if (!answer) return 'nothing';
  const { code, remark, extFields = {} } = answer;
  const place = decodeOffsetMessageId(extFields['msgId'] ?? '')?.physicalOffset;
  return { code, remark, ...extFields, msgId: place };
}

describe('half messages and verdicts in the express lane', () => {
  let sides: readonly [Side, Side];
  beforeAll(async () => {
    sides = [await Side.start(JSON_HEADER), await Side.start(BINARY_HEADER)];
  });
  afterAll(async () => {
    for (const side of sides) await side.close();
  });

  it('are answered, refused and stored as in the general way, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const [express, general] = await Promise.all(sides.map((side) => side.play(script)));
        expect(express).toEqual(general);
      }),
      { numRuns: 40 },
    );
  });
});
