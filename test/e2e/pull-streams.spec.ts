import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import {
  bodyCrc,
  decodeFrame,
  decodeRecords,
  encodeBatch,
  encodeFrame,
  FrameSplitter,
  pullMessage,
  PullSysFlag,
  sendBatchMessage,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader } from '../kit/sends.js';
import { until } from '../kit/until.js';

// a machine may be busy with other things
jest.setTimeout(60_000);

const TOPIC = 'stream';
const BATCH = 32;
/** Of each queue: more than the store keeps in memory, so that both are read, history and the newest. */
const MESSAGES = 2_400;
const QUEUES = 2;
const PULLS = 120;

const textOf = (queueId: number, offset: number): string => `${queueId}/${offset};`;
const bodyOf = (queueId: number, offset: number): Buffer => Buffer.alloc(4096, textOf(queueId, offset));

let broker: InProcessBroker;
beforeAll(async () => {
  broker = await InProcessBroker.start();
});
afterAll(() => broker.close());

async function fill(queueId: number, from: number, to: number): Promise<void> {
  for (let offset = from; offset < to; offset += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, nth) => ({
      flag: 0,
      body: bodyOf(queueId, offset + nth),
      properties: '',
    }));
    const header = sendHeader(TOPIC, { queueId, batch: true, properties: 'WAIT\u0001true\u0002' });
    await broker.ask(sendBatchMessage, header, encodeBatch(batch));
  }
}

/** One connection that has asked for all its pulls at once; `wrong` names what is not as it was sent. */
class Puller {
  readonly socket: Socket;
  readonly wrong: string[] = [];
  answered = 0;
  private readonly splitter = new FrameSplitter();

  constructor(private readonly nth: number) {
    const port = Number(broker.broker.address.split(':')[1]);
    this.socket = connect(port, '127.0.0.1').on('data', (chunk: Buffer) => this.read(chunk));
    this.socket.write(Buffer.concat(Array.from({ length: PULLS }, (_, pull) => this.ask(pull)).flat()));
  }

  private placeOf(pull: number): { queueId: number; queueOffset: number } {
    return {
      queueId: (this.nth + pull) % QUEUES,
      queueOffset: ((this.nth * 31 + pull * 7) * BATCH) % (MESSAGES - BATCH),
    };
  }

  private ask(opaque: number): Buffer[] {
    const header = {
      consumerGroup: 'readers',
      topic: TOPIC,
      ...this.placeOf(opaque),
      maxMsgNums: BATCH,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
    };
    return encodeFrame({ code: pullMessage.code, opaque, flag: 0, extFields: pullMessage.encode(header) });
  }

  private read(chunk: Buffer): void {
    this.splitter.push(chunk);
    for (let frame = this.splitter.next(); frame; frame = this.splitter.next()) {
      const { opaque, code, body } = decodeFrame(frame);
      this.answered++;
      const { queueId, queueOffset } = this.placeOf(opaque);
      const records = decodeRecords(body);
      if (code !== 0 || records.length !== BATCH)
        this.wrong.push(`pull ${opaque}: ${code}, ${records.length}`);
      for (const [index, record] of records.entries()) {
        const text = textOf(queueId, queueOffset + index);
        const isRight =
          record.queueOffset === queueOffset + index &&
          record.body.toString('latin1', 0, text.length) === text &&
          bodyCrc(record.body) === record.bodyCrc;
        if (!isRight) this.wrong.push(`${text} is ${record.body.toString('latin1', 0, 12)}`);
      }
    }
  }
}

it('gives every reader what was sent, slow ones too, while the memory of answers is used again and again', async () => {
  for (let queueId = 0; queueId < QUEUES; queueId++) await fill(queueId, 0, MESSAGES);
  const slow = [0, 1, 2].map((nth) => new Puller(nth));
  for (const { socket } of slow) socket.pause();
  const fast = [3, 4, 5].map((nth) => new Puller(nth));
  await fill(0, MESSAGES, MESSAGES + 640);
  await until('those that read have all', () => fast.every(({ answered }) => answered === PULLS), 30_000);
  const more = [6, 7].map((nth) => new Puller(nth));
  for (const { socket } of slow) socket.resume();
  const all = [...slow, ...fast, ...more];
  await until('all have all', () => all.every(({ answered }) => answered === PULLS), 30_000);
  expect(all.flatMap(({ wrong }) => wrong)).toEqual([]);
  for (const { socket } of all) socket.destroy();
});
