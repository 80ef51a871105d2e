import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BINARY_HEADER,
  CommandFlag,
  decodeFrame,
  encodeBatch,
  encodeFrame,
  FrameSplitter,
  JSON_HEADER,
  ResponseCode,
  sendBatchMessage,
  sendMessage,
  sendMessageV2,
  SysFlag,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader } from '../kit/sends.js';
import { until } from '../kit/until.js';

interface Kind {
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

describe('sends that come one behind the other', () => {
  let broker: InProcessBroker;
  beforeAll(async () => {
    broker = await InProcessBroker.start({ properties: { maxMessageSize: '1024' } });
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
        const bytes = Buffer.concat(sends.flatMap(({ kind, opaque }) => frameOf(kind, opaque)));
        const asked = sends.filter(({ kind }) => kind.flag === undefined);
        const answers = await answersTo(bytes, cuts, asked.length);
        expect([...answers].toSorted(([a], [b]) => a - b)).toEqual(
          asked.map(({ opaque, kind: { code = ResponseCode.SUCCESS, spec } }) => {
            const key = code === ResponseCode.SUCCESS && spec !== sendBatchMessage ? `K${opaque}` : '';
            return [opaque, [`${code} ${key}`]];
          }),
        );
      }),
      { numRuns: 15 },
    );
  });
});
