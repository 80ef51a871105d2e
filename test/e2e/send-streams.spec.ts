import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BINARY_HEADER,
  CommandFlag,
  decodeFrame,
  decodeOffsetMessageId,
  encodeBatch,
  encodeFrame,
  endTransaction,
  FrameSplitter,
  JSON_HEADER,
  ResponseCode,
  sendBatchMessage,
  sendMessage,
  sendMessageV2,
  SysFlag,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader, sent } from '../kit/sends.js';
import { until } from '../kit/until.js';

interface Half {
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly key: string;
}

interface Kind {
  /** a commit of a half message, not a send; with the header's fields in `header` */
  readonly verdict?: true;
  readonly spec?: typeof sendMessage;
  readonly type?: typeof BINARY_HEADER;
  readonly flag?: number;
  readonly header?: object;
  /** beside UNIQ_KEY */
  readonly properties?: string;
  readonly body?: string | Buffer;
  /** a field as it is on the wire; undefined: it is left out */
  readonly field?: readonly [name: string, text: string | undefined];
  /** of the answer; SUCCESS by default */
  readonly code?: number;
}

const { INVALID_PARAMETER, MESSAGE_ILLEGAL, NO_PERMISSION } = ResponseCode;
const { TRANSACTION_STATE_GROUP_WRONG: GROUP_WRONG } = ResponseCode;
const MOST_HALVES = 100;
const IN_BATCH = encodeBatch([{ flag: 0, body: Buffer.from('one'), properties: '' }]);
const KINDS: Readonly<Record<string, Kind>> = {
  plain: {},
  'plain too': { properties: 'TAGS\u0001a\u0002KEYS\u0001k\u0002WAIT\u0001true' },
  'of code 10': { spec: sendMessage },
  'one-way': { flag: CommandFlag.ONE_WAY },
  'binary header': { type: BINARY_HEADER },
  'a batch': { spec: sendBatchMessage, header: { batch: true }, body: IN_BATCH },
  'a half message': { header: { sysFlag: SysFlag.TRANSACTION_PREPARED }, properties: 'TRAN_MSG\u0001true' },
  'a delayed one': { properties: 'DELAY\u00013' },
  'letters beyond ASCII': { properties: 'name\u0001\u00e9"\\\n\u{1f600}' },
  'a commit': { verdict: true },
  'a one-way commit': { verdict: true, flag: CommandFlag.ONE_WAY },
  'a commit by a stranger': { verdict: true, header: { producerGroup: 'x' }, code: GROUP_WRONG },
  'any queue': { header: { queueId: -1 } },
  'a queue that is not there': { header: { queueId: 99 }, code: INVALID_PARAMETER },
  'no body': { body: '', code: MESSAGE_ILLEGAL },
  'too large a body': { body: 'x'.repeat(1025), code: MESSAGE_ILLEGAL },
  'a missing field': { field: ['e', undefined], code: INVALID_PARAMETER },
  'a field of another request': { field: ['queueId', 'x'] },
  'a topic that is none': { header: { topic: 'no topic' }, code: INVALID_PARAMETER },
  'a topic of the system': { header: { topic: 'SCHEDULE_TOPIC_XXXX' }, code: NO_PERMISSION },
  'long properties': { properties: `p\u0001${'y'.repeat(25_000)}` },
};

function frameOf(kind: Kind, opaque: number): Buffer[] {
  const { spec = sendMessageV2, type = JSON_HEADER, flag = 0, properties = '', body = 'body', field } = kind;
  const key = `UNIQ_KEY\u0001K${opaque}\u0002`;
  const header = sendHeader('stream', { properties: key + properties, ...kind.header });
  const extFields: Record<string, string | undefined> = spec.encode(header);
  if (field) extFields[field[0]] = field[1];
  return encodeFrame({
    code: spec.code,
    opaque,
    flag,
    extFields,
    serializeType: type,
    body: Buffer.from(body),
  });
}

function verdictOf(kind: Kind, opaque: number, { halfOffset, physicalOffset, key }: Half): Buffer[] {
  const header = {
    producerGroup: sendHeader('stream').producerGroup,
    tranStateTableOffset: halfOffset,
    commitLogOffset: physicalOffset,
    commitOrRollback: SysFlag.TRANSACTION_COMMIT,
    msgId: key,
    transactionId: key,
    ...kind.header,
  };
  return encodeFrame({
    code: endTransaction.code,
    opaque,
    flag: kind.flag ?? 0,
    extFields: endTransaction.encode(header),
  });
}

describe.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
  'with %s, sends and verdicts that come one behind the other',
  (flushDiskType) => {
    let broker: InProcessBroker;
    const halves: Half[] = [];

    async function half(key: string): Promise<Half> {
      const properties = `UNIQ_KEY\u0001${key}\u0002TRAN_MSG\u0001true`;
      const answer = await broker.ask(
        sendMessageV2,
        sendHeader('stream', { properties }),
        Buffer.from('half'),
      );
      const { msgId, queueOffset } = sent(answer);
      const physicalOffset = decodeOffsetMessageId(msgId)?.physicalOffset ?? -1;
      return { halfOffset: queueOffset, physicalOffset, key };
    }

    /** Decided by nobody yet, while there are such. */
    const nextHalf = (): Half => (halves.length > 1 ? halves.pop() : halves[0]) as Half;
    beforeAll(async () => {
      broker = await InProcessBroker.start({ properties: { maxMessageSize: '1024', flushDiskType } });
      for (let count = 0; count < MOST_HALVES; count++) halves.push(await half(`H${count}`));
    });
    afterAll(() => broker.close());

    /** @returns code and UNIQ_KEY of each answer, by opaque, in the order they came */
    async function answersTo(
      bytes: Buffer,
      cuts: readonly number[],
      count: number,
    ): Promise<Map<number, string[]>> {
      const socket = connect(Number(broker.broker.address.split(':')[1]), '127.0.0.1').setNoDelay();
      const answers = new Map<number, string[]>();
      const splitter = new FrameSplitter();
      socket.on('data', (chunk: Buffer) => {
        splitter.push(chunk);
        for (let frame = splitter.next(); frame; frame = splitter.next()) {
          const { opaque, code, extFields = {} } = decodeFrame(frame);
          const answer = `${code} ${extFields['transactionId'] ?? ''}`;
          answers.set(opaque, [...(answers.get(opaque) ?? []), answer]);
        }
      });
      const ends = [...new Set([...cuts.map((cut) => cut % bytes.length), bytes.length])].toSorted(
        (a, b) => a - b,
      );
      for (let from = 0, next = 0; from < bytes.length; from = ends[next++] ?? bytes.length) {
        await new Promise<void>((resolve) => socket.write(bytes.subarray(from, ends[next]), () => resolve()));
      }
      try {
        await until('all are answered', () => answers.size >= count, 5_000);
      } finally {
        socket.destroy();
      }
      return answers;
    }

    it('are each answered once and as if they came alone, wherever the stream was cut', async () => {
      const names = Object.keys(KINDS);
      const kinds = fc.oneof(
        { arbitrary: fc.constantFrom('plain', 'plain too'), weight: 2 },
        fc.constantFrom(...names),
      );
      const stream = fc.array(kinds, { minLength: 30, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(stream, fc.array(fc.nat(), { maxLength: 12 }), async (names, cuts) => {
          const sends = names.map((name, opaque) => ({ opaque, kind: KINDS[name] ?? {} }));
          const bytes = Buffer.concat(
            sends.flatMap(({ kind, opaque }) =>
              kind.verdict ? verdictOf(kind, opaque, nextHalf()) : frameOf(kind, opaque),
            ),
          );
          const asked = sends.filter(({ kind }) => kind.flag === undefined);
          const answers = await answersTo(bytes, cuts, asked.length);
          expect([...answers].toSorted(([a], [b]) => a - b)).toEqual(
            asked.map(({ opaque, kind: { code = ResponseCode.SUCCESS, spec, verdict } }) => {
              const isOne = !verdict && spec !== sendBatchMessage;
              const key = code === ResponseCode.SUCCESS && isOne ? `K${opaque}` : '';
              return [opaque, [`${code} ${key}`]];
            }),
          );
        }),
        { numRuns: 12 },
      );
    });
  },
);
